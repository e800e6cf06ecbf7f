//! What was typed, read: the language first, then the command line; what is wrong with it is told in that language.

use super::args::Cli;
use super::{DONE, FAILED, USAGE, print, say, zh};
use crate::lang::{Both, Lang};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, FromArgMatches};
use std::error::Error as _;
use std::ffi::OsString;

/// What may be tried first.
const FIRST: [&str; 2] = [
    "\
onestop settles medical bills the one-stop way: a year's claims ledger and a roster of identities in, a
settlement with its audit out. Every fen is explained by the clause that it comes from.

Try
  onestop settle --sample                             settles the sample that comes with the program
  onestop explain sample-settlement P000001375        tells one person's year, step by step
  onestop import FILE --out ledger.parquet            makes a ledger of an export, CSV or XLSX

onestop --help lists all commands, onestop settle --help the options of one.
--lang zh speaks Chinese 中文说明请用 --lang zh
",
    "\
onestop 用于医疗费用“一站式”结算：输入年度台账和救助对象名册，输出结算结果和审计记录。
每一分钱都注明所依据的条款。

可先试用：
  onestop settle --sample                             结算随附的样例
  onestop explain sample-settlement P000001375        逐步说明其中一人全年的待遇
  onestop import FILE --out ledger.parquet            将导出的 CSV 或 XLSX 转为台账

onestop --help 列出全部命令，onestop settle --help 列出某个命令的选项。
--lang en 改用英文
",
];

/// The command line as clap knows it, in a language.
pub(super) fn command(lang: Lang) -> Command {
    match lang {
        Lang::En => Cli::command(),
        Lang::Zh => zh::told(Cli::command()),
    }
}

/// The language that `--lang` names, if it does.
pub(super) fn lang_of(typed: &[OsString]) -> Option<Lang> {
    let mut words = typed.iter().skip(1).map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--lang") {
            Some("") => words.next()?.into_owned(),
            Some(rest) if rest.starts_with('=') => rest[1..].to_owned(),
            _ => continue,
        };
        return match value.as_str() {
            "zh" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _ => None,
        };
    }
    None
}

/// Reads a command line; the exit code where there is nothing to run.
pub(super) fn read(typed: &[OsString], lang: Lang) -> Result<Cli, u8> {
    if is_bare(typed) {
        let first = lang.pick(FIRST[0], FIRST[1]);
        return Err(print(first).map_or(FAILED, |()| DONE));
    }
    let read = command(lang).try_get_matches_from(typed);
    read.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| match lang {
        Lang::En => {
            // Where nothing can be said, the exit code tells.
            let _ = error.print();
            if error.use_stderr() { USAGE } else { DONE }
        }
        Lang::Zh => tell(&error, typed),
    })
}

/// Whether nothing is typed but in which language to speak.
fn is_bare(typed: &[OsString]) -> bool {
    let words: Vec<_> = typed.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    matches!(words[..], [] | ["--lang", "zh" | "en"] | ["--lang=zh" | "--lang=en"])
}

fn tell(error: &clap::Error, typed: &[OsString]) -> u8 {
    if !error.use_stderr() {
        return print(&zh::own(&error.render().to_string())).map_or(FAILED, |()| DONE);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        say(zh::own(&error.render().to_string()).trim_end());
        return USAGE;
    }
    let what = wrong(error).unwrap_or_else(|| error.render().to_string().lines().next().unwrap_or_default().to_owned());
    say(&format!("错误：{what}\n  {}用法见 `{} --help`", meant(error), path(typed)));
    USAGE
}

/// What is wrong, in one line.
fn wrong(error: &clap::Error) -> Option<String> {
    let list = |kind| texts(error.get(kind)).join("、");
    let argument = list(ContextKind::InvalidArg);
    let value = list(ContextKind::InvalidValue);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("没有选项或参数 `{argument}`"),
        ErrorKind::InvalidSubcommand => format!("没有命令 `{}`", list(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少 {argument}"),
        ErrorKind::ArgumentConflict => match list(ContextKind::PriorArg) {
            prior if prior == argument => format!("`{argument}` 写了两次"),
            prior if prior.is_empty() => format!("`{argument}` 不能与其他选项同用"),
            prior => format!("`{argument}` 不能与 `{prior}` 同用"),
        },
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` 缺少取值"),
        ErrorKind::InvalidValue => {
            format!("`{argument}` 不能取 `{value}`；可取 {}", list(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => format!("`{argument}`：{}", reason(error, &value)),
        ErrorKind::NoEquals => format!("`{argument}` 与取值之间须有等号"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("`{argument}` 的取值个数不对")
        }
        ErrorKind::InvalidUtf8 => "命令行不是有效的 UTF-8 文本".to_owned(),
        _ => return None,
    })
}

/// Why a value does not do.
fn reason(error: &clap::Error, value: &str) -> String {
    let Some(source) = error.source() else { return format!("`{value}` 无效") };
    if let Some(told) = source.downcast_ref::<Both>() {
        return told.zh.clone();
    }
    match source.to_string().split_once(" is not in ") {
        Some((_, range)) => format!("`{value}` 不在 {range} 之内"),
        None => format!("`{value}` 不是整数，或超出范围"),
    }
}

/// What was probably meant.
fn meant(error: &clap::Error) -> String {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    match kinds.iter().flat_map(|kind| texts(error.get(*kind))).next() {
        Some(meant) => format!("是否要写 `{meant}`？"),
        None => String::new(),
    }
}

fn texts(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// The commands that were typed: `onestop policy show`.
fn path(typed: &[OsString]) -> String {
    let program = Cli::command();
    let (mut at, mut path) = (&program, program.get_name().to_owned());
    for word in typed.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(below) = at.get_subcommands().find(|c| c.get_name() == word) {
            path.push_str(&format!(" {word}"));
            at = below;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_language_is_known_before_the_command_line_is_read() {
        let of = |line: &str| lang_of(&typed(line));
        assert_eq!(of("onestop settle --lang zh --colour"), Some(Lang::Zh));
        assert_eq!(of("onestop --lang=en settle"), Some(Lang::En));
        for line in ["onestop", "onestop --lang", "onestop --lang fr", "onestop explain -- --lang zh", "--lang zh"] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn mistakes_are_told_with_what_is_wrong_and_where_to_look() {
        for (line, says) in [
            ("onestop settel", "没有命令 `settel`"),
            ("onestop policy burn", "没有命令 `burn`"),
            ("onestop settle l --colour red", "没有选项或参数 `--colour`"),
            ("onestop settle l --out o", "缺少 --policy <ID|FILE>"),
            ("onestop settle l --policy", "`--policy <ID|FILE>` 缺少取值"),
            ("onestop settle --sample --quiet --json", "不能与 `--json` 同用"),
            ("onestop settle --sample --audit some", "`--audit <AUDIT>` 不能取 `some`；可取 full、none"),
            ("onestop settle --sample --threads 0", "`--threads <N>`：`0` 不在 1..=1024 之内"),
            ("onestop settle --sample --threads many", "`--threads <N>`：`many` 不是整数，或超出范围"),
            ("onestop settle --sample --memory 4X", "`--memory <SIZE>`：`X` 不是容量单位；请用 K、M、G 或 T"),
            ("onestop settle --sample --lang zh --lang zh", "`--lang <LANG>` 写了两次"),
        ] {
            let error = command(Lang::Zh).try_get_matches_from(typed(line)).unwrap_err();
            let said = wrong(&error).unwrap_or_default();
            assert!(said.contains(says), "{line}\nwants: {says}\n{said}");
        }
        assert_eq!(path(&typed("onestop policy --x show weihai-2023")), "onestop policy show");
    }
}
