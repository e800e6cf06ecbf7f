//! The help of the command line in Chinese: a text for every command and every argument.

use clap::{Arg, ArgAction, Command};

/// What commands do: path of the command, and the text. The program itself has no path.
const COMMANDS: &[(&str, &str)] = &[
    ("", "医疗费用“一站式”结算：输入年度台账，输出结算结果和审计记录，每一分钱都可说明"),
    ("settle", "按政策结算台账"),
    ("import", "将导出的文件（CSV、XLSX）转为台账或名册"),
    ("project", "按各方案重新结算台账，测算所需资金和受影响的人员"),
    ("generate", "生成供试用的模拟台账和名册"),
    ("reconcile", "核对实付与应付，查明每笔差异的原因"),
    ("explain", "根据结算结果逐步说明某人全年的待遇"),
    ("verify", "核验结算结果；给出台账时，重新结算并逐字节比对"),
    ("policy", "查看政策"),
    ("policy list", "列出随附政策"),
    ("policy show", "将政策列成表，便于与文件原文核对"),
    ("policy check", "检查政策文件中的错误"),
    ("policy diff", "比较两个政策的规则和数值"),
    ("completions", "输出命令行补全脚本"),
    ("man", "输出手册页"),
];

/// What arguments mean: path of the command (`*`: wherever nothing else is said), name, and the text.
const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("", "verbose", "在错误信息中也写出人员编号"),
    ("", "lang", "显示语言：zh 中文，en 英文 [默认：按系统区域设置]"),
    // What a run is made from.
    ("*", "ledger", "台账文件或文件夹（Parquet）"),
    ("*", "sample", "使用随附的样例"),
    ("*", "roster", "名册：何人在何期间具有何种身份（Parquet）"),
    ("*", "policy", "随附政策的编号，或政策文件；可写多个，以逗号分隔，有效期不得重叠"),
    ("*", "params", "参数文件（TOML），优先于随附的参数"),
    ("*", "codes", "代码表文件（TOML）：其他列名和代码"),
    ("*", "out", "输出目录"),
    ("*", "year", "只保留计入该年度的行"),
    ("*", "as_if", "在有效期之外也适用该政策"),
    ("*", "as_known", "不计名册中在该日之后登记的内容"),
    ("*", "as_of", "不计在该日之后公布的参数"),
    ("*", "threads", "线程数 [默认：全部核心]"),
    ("*", "memory", "内存上限，例如 2G；放不下的行暂存磁盘 [默认：512M]"),
    ("*", "strict", "拒绝使用未经公布的参数值"),
    ("*", "force", "替换输出目录中先前的结果"),
    ("*", "readable_by", "何人可读输出：owner 仅本人，group 同组用户，everyone 所有人"),
    ("*", "columns", "将文件中的列 THEIRS 作为标准列 NAME"),
    ("*", "recorded_maf", "记录救助已付金额的列，例如 maf_pay,oth_pay"),
    ("*", "allow_float", "接受浮点数金额列，但其值须精确到分"),
    ("*", "quiet", "除错误外不输出任何内容"),
    ("*", "json", "以 JSON 输出汇总"),
    ("*", "mask", "以密钥对人员编号掩码；文件内容即密钥，至少 16 字节"),
    ("*", "dir", "settle 的输出目录"),
    ("*", "seed", "随机种子；种子相同，结果相同"),
    // Of single commands.
    ("settle", "audit", "审计记录：full 每一步一行，none 不写"),
    ("settle", "no_xlsx", "不生成 payments.xlsx（支付清单）"),
    ("settle", "no_report", "不生成 report.html（结算报告）"),
    ("settle", "payees", "收款信息：人员编号、姓名、证件号码、开户银行、账号（XLSX、CSV 或 Parquet）"),
    ("settle", "orders", "查找就诊次序不同则年度合计不同的人员"),
    ("settle", "max_rejects", "退回超过 N 行，或超过台账行数的 P %，以退出码 3 结束"),
    ("import", "files", "导出的文件：CSV、制表符分隔的文本，或 XLSX"),
    ("import", "out", "要生成的文件（Parquet）"),
    ("import", "roster", "生成名册，而不是台账"),
    ("import", "columns", "将表头为 THEIRS 的列作为标准列 NAME"),
    ("import", "headers", "更多表头和用词（TOML，格式同 data/headers.toml）"),
    ("import", "sheet", "工作簿中要读的工作表 [默认：第一张]"),
    ("import", "rejects", "无法识别的单元格列在何处 [默认：输出文件旁，扩展名 .rejects.csv]"),
    ("import", "dry_run", "只显示识别结果和前十行，不写任何文件"),
    ("import", "force", "替换先前的文件"),
    ("import", "quiet", "只输出错误和警告"),
    ("project", "scenarios", "方案文件（TOML）；使用 --sample 时为随附的方案"),
    ("project", "init", "只写出一份带注释的方案文件样例"),
    ("project", "bootstrap", "自助法重复次数，用于给出区间，20 至 2000；0 为不做"),
    ("project", "solve", "求使基金支出不超过 --budget 的最优待遇，例如 ma.A.ratio"),
    ("project", "budget", "基金可支出的金额（元）"),
    ("project", "fund", "--budget 所指的基金 [默认：medical_assistance]"),
    ("project", "within", "取值范围，例如 0.50..0.90 [比例默认：0..1]"),
    ("project", "step", "取值的间隔 [比例默认：0.01]"),
    ("generate", "policy", "随附政策的编号，或政策文件"),
    ("generate", "persons", "人数"),
    ("generate", "year", "待遇年度"),
    (
        "generate",
        "errors",
        "将应付记为实付，并埋入已知差错，另写真相：all:0.02（人员比例）或 KIND=COUNT,…；double=COUNT 指一人两错；\
         twins 也埋入难以区分的差错",
    ),
    ("generate", "params", "参数文件（TOML），用于为 --errors 结算"),
    ("reconcile", "paid", "实付：支付文件（Parquet），或另一次结算的输出目录 [默认：台账中记录的列]"),
    ("reconcile", "ledger", "台账文件或文件夹，不在结算时原处的须写明"),
    ("reconcile", "json", "以 JSON 输出清单（manifest）"),
    ("explain", "psn_no", "人员编号"),
    ("explain", "claim", "只说明这一笔结算"),
    ("explain", "findings", "一并说明核对该人员的结果：reconcile 的输出目录"),
    ("verify", "ledger", "用这些台账文件或文件夹重新结算，并逐字节比对"),
    ("verify", "payees", "收款信息文件，不在记录的原处时写明"),
    ("verify", "person", "只从台账重算该人员；不结算、不显示其他人"),
    ("verify", "quiet", "不输出任何内容，以退出码表示结果"),
    ("verify", "json", "以 JSON 输出各项核验"),
    ("policy show", "policy", "随附政策的编号，或政策文件"),
    ("policy show", "year", "按该待遇年度计算参数的份额"),
    ("policy check", "policy", "随附政策的编号，或政策文件"),
    ("policy diff", "a", "一个政策"),
    ("policy diff", "b", "另一个政策"),
    ("completions", "shell", "命令行解释器：bash、zsh、fish、powershell、elvish"),
    ("man", "out", "将各命令的手册页写入该文件夹；不写则输出主手册页"),
];

/// What clap itself writes into help texts, and the Chinese for it; longer texts before those that they hold.
const OWN: &[(&str, &str)] = &[
    ("Print this message or the help of the given subcommand(s)", "显示本帮助，或某个命令的帮助"),
    ("Usage: ", "用法："),
    ("Commands:", "命令："),
    ("Arguments:", "参数："),
    ("Options:", "选项："),
    ("[OPTIONS]", "[选项]"),
    ("<COMMAND>", "<命令>"),
    ("[COMMAND]", "[命令]"),
    ("[default: ", "[默认："),
];

/// The command line with its help in Chinese.
pub(super) fn told(command: Command) -> Command {
    of(command, "")
}

/// A help text with what clap writes itself in Chinese.
pub(super) fn own(help: &str) -> String {
    OWN.iter().fold(help.to_owned(), |help, (en, zh)| help.replace(en, zh))
}

/// A flag that clap would add with an English text.
fn flag(name: &'static str, short: char, action: ArgAction, help: &'static str) -> Arg {
    Arg::new(name).short(short).long(name).action(action).help(help)
}

fn of(mut command: Command, path: &str) -> Command {
    if let Some((_, about)) = COMMANDS.iter().find(|(of, _)| *of == path) {
        command = command.about(*about);
    }
    let arguments: Vec<String> = command.get_arguments().map(|a| a.get_id().to_string()).collect();
    for id in arguments {
        // The values that are possible stand in the text.
        command = command.mut_arg(&id, |argument| match argument_of(path, &id) {
            Some(text) => argument.help(text).hide_possible_values(true),
            None => argument,
        });
    }
    command = command.disable_help_flag(true).arg(flag("help", 'h', ArgAction::Help, "显示帮助"));
    if path.is_empty() {
        command = command.disable_version_flag(true).arg(flag("version", 'V', ArgAction::Version, "显示版本"));
    }
    let below: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in below {
        command = command.mut_subcommand(&name, |below| of(below, &under(path, &name)));
    }
    command
}

fn argument_of(path: &str, id: &str) -> Option<&'static str> {
    let text = |of: &str| ARGUMENTS.iter().find(|(p, i, _)| *p == of && *i == id).map(|(.., text)| *text);
    text(path).or_else(|| text("*"))
}

fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    fn every(command: &Command, path: &str, all: &mut Vec<(String, String)>) {
        all.push((path.to_owned(), String::new()));
        all.extend(command.get_arguments().map(|a| (path.to_owned(), a.get_id().to_string())));
        command.get_subcommands().for_each(|c| every(c, &under(path, c.get_name()), all));
    }

    #[test]
    fn every_command_and_argument_has_a_text_and_no_text_is_left_over() {
        let mut all = Vec::new();
        every(&Cli::command(), "", &mut all);
        let mut used = BTreeSet::new();
        for (path, id) in &all {
            if id.is_empty() {
                assert!(COMMANDS.iter().any(|(of, _)| of == path), "no text for the command `{path}`");
                continue;
            }
            assert!(argument_of(path, id).is_some(), "no text for `{id}` of `{path}`");
            let own = ARGUMENTS.iter().any(|(of, i, _)| of == path && i == id);
            used.insert((if own { path.as_str() } else { "*" }, id.as_str()));
        }
        for (path, _) in COMMANDS {
            assert!(all.iter().any(|(of, _)| of == path), "no command `{path}`");
        }
        for (path, id, _) in ARGUMENTS {
            assert!(used.contains(&(*path, *id)), "no `{id}` of `{path}`");
        }
        assert_eq!(used.len(), ARGUMENTS.len(), "a text stands twice");
    }

    #[test]
    fn the_chinese_command_line_is_sound() {
        told(Cli::command()).debug_assert();
        let help = own(&told(Cli::command()).render_help().to_string());
        assert!(help.contains("用法：") && help.contains("按政策结算台账"), "{help}");
    }
}
