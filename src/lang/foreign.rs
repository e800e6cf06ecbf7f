//! What the system and the reader of TOML say, in Chinese as far as it is common.

use super::Both;
use std::io::{Error, ErrorKind};

/// Errors of the system; the others stay as they are.
const KINDS: &[(ErrorKind, &str)] = &[
    (ErrorKind::NotFound, "文件不存在"),
    (ErrorKind::PermissionDenied, "无权访问"),
    (ErrorKind::AlreadyExists, "文件已存在"),
    (ErrorKind::StorageFull, "磁盘空间不足"),
    (ErrorKind::QuotaExceeded, "超出磁盘配额"),
    (ErrorKind::FileTooLarge, "文件过大"),
    (ErrorKind::IsADirectory, "是文件夹，不是文件"),
    (ErrorKind::NotADirectory, "路径中有一段不是文件夹"),
    (ErrorKind::DirectoryNotEmpty, "文件夹不为空"),
    (ErrorKind::ReadOnlyFilesystem, "磁盘为只读"),
    (ErrorKind::CrossesDevices, "不在同一磁盘"),
    (ErrorKind::ResourceBusy, "文件正被占用"),
    (ErrorKind::InvalidFilename, "文件名过长或不合规定"),
    (ErrorKind::InvalidData, "内容不是有效的 UTF-8 文本"),
    (ErrorKind::UnexpectedEof, "文件不完整，提前结束"),
    (ErrorKind::OutOfMemory, "内存不足"),
    (ErrorKind::TimedOut, "等待超时"),
    (ErrorKind::Interrupted, "被中断"),
    (ErrorKind::BrokenPipe, "读取方已退出"),
];

/// An error of the system in Chinese.
pub fn io(error: &Error) -> String {
    match KINDS.iter().find(|(kind, _)| *kind == error.kind()) {
        Some((_, zh)) => (*zh).to_owned(),
        None => error.to_string(),
    }
}

/// What the reader of TOML says, and the Chinese for it; longer phrases before those that they hold.
const PHRASES: &[(&str, &str)] = &[
    // Of this program.
    ("a ratio in quotes, such as ", "加引号的比例，例如 "),
    ("an amount in quotes such as ", "加引号的金额，例如 "),
    (" is not a ratio; write it in quotes, such as ", " 不是比例；请加引号填写，例如 "),
    (" has more than six decimals", " 超过六位小数"),
    (" is too large", " 过大"),
    ("the ratio ", "比例 "),
    ("the amount ", "金额 "),
    ("the value ", "数值 "),
    ("the name ", "名称 "),
    (": a name has no line breaks and no control characters", "：名称中不得有换行和控制字符"),
    (": not a number", "：不是数字"),
    (": more than two decimals", "：超过两位小数"),
    (": too large an amount", "：金额过大"),
    (": negative", "：为负数"),
    ("a figure in quotes such as ", "加引号的数值，例如 "),
    ("a figure in quotes, such as ", "加引号的数值，例如 "),
    (", a range ", "，范围 "),
    (", or a list of them", "，或其列表"),
    ("addresses of a policy with their values, such as ", "政策中的地址及其取值，例如 "),
    ("expected a date such as 2023-01-01, without a time", "应为日期，例如 2023-01-01，不带时间"),
    ("; known are ", "；可用的有 "),
    ("unknown identity ", "未知的身份 "),
    ("unknown insutype ", "未知的险种 "),
    ("unknown care ", "未知的费用类别 "),
    // Of the reader.
    ("unknown field ", "未知的键 "),
    ("unknown variant ", "未知的取值 "),
    ("missing field ", "缺少必填的键 "),
    ("duplicate field ", "重复的键 "),
    ("duplicate key", "键重复"),
    ("invalid type: ", "类型不符：现为"),
    ("invalid value: ", "取值不符：现为"),
    ("invalid length ", "个数不符：现为 "),
    (", expected one of ", "，应为下列之一："),
    ("string values must be quoted", "文本须加引号"),
    ("key with no value", "有键无值"),
    ("unclosed table", "表头缺少右方括号"),
    ("unclosed array", "数组缺少右方括号"),
    ("unclosed inline table", "行内表缺少右花括号"),
    ("missing comma between array elements", "数组各项之间缺少逗号"),
    ("invalid basic string", "文本写法有误"),
    ("invalid literal string", "文本写法有误"),
    ("unexpected key or value", "多出键或值"),
    ("missing value", "缺少值"),
    (", expected ", "，应为"),
    (" or ", " 或 "),
    ("floating point ", "小数 "),
    ("integer ", "整数 "),
    ("boolean ", "布尔值 "),
    ("a boolean", "布尔值"),
    ("string ", "文本 "),
    ("a string", "文本"),
    ("a sequence", "数组"),
    ("sequence", "数组"),
    ("a datetime", "日期"),
    ("datetime", "日期"),
    ("newline", "换行"),
    ("nothing", "此处不再有内容"),
    ("a map", "表"),
    ("map", "表"),
];

/// What the reader of TOML says about a file, in both languages. Its excerpt of the file stays as it is.
pub fn toml(message: &str) -> Both {
    let message = message.trim_end();
    let lines: Vec<String> = message.lines().map(line).collect();
    Both { en: message.to_owned(), zh: lines.join("\n") }
}

fn line(line: &str) -> String {
    if let Some(place) = line.strip_prefix("TOML parse error at line ")
        && let Some((row, column)) = place.split_once(", column ")
    {
        return format!("第 {row} 行第 {column} 列不合 TOML 格式");
    }
    let excerpt = line.split_once('|').is_some_and(|(number, _)| number.trim().chars().all(|c| c.is_ascii_digit()));
    if excerpt {
        return line.to_owned();
    }
    if let Some(place) = line.strip_prefix("in `") {
        return format!("位于 `{place}");
    }
    // What stands in backquotes is the file's own.
    let part = |(n, part): (usize, &str)| match n % 2 {
        0 => PHRASES.iter().fold(part.to_owned(), |text, (en, zh)| text.replace(en, zh)),
        _ => part.to_owned(),
    };
    line.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_errors_of_the_system_are_told_in_chinese_and_the_others_as_they_are() {
        assert_eq!(io(&ErrorKind::NotFound.into()), "文件不存在");
        assert_eq!(io(&Error::other("the moon is full")), "the moon is full");
    }

    #[test]
    fn the_reader_of_toml_is_told_with_line_and_excerpt() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Doc {
            #[serde(rename = "ratio")]
            _ratio: crate::policy::value::Ratio,
        }
        let zh = |text: &str| toml(&::toml::from_str::<Doc>(text).unwrap_err().to_string()).zh;
        let said = zh("ratio = 0.7");
        assert!(said.starts_with("第 1 行第 9 列不合 TOML 格式\n  |\n1 | ratio = 0.7\n"), "{said}");
        assert!(said.ends_with("类型不符：现为小数 `0.7`，应为加引号的比例，例如 \"0.70\""), "{said}");
        assert!(zh("colour = 1").ends_with("未知的键 `colour`，应为`ratio`"), "{}", zh("colour = 1"));
        assert!(zh("").ends_with("缺少必填的键 `ratio`"), "{}", zh(""));
    }
}
