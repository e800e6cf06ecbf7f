//! What can be wrong with scenarios, in Chinese.

use super::error::{Problem, ScenarioError};
use crate::lang::{Told, io};

impl Told for ScenarioError {
    fn zh(&self) -> String {
        match self {
            ScenarioError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source))
            }
            ScenarioError::Encoding { path } => {
                format!("{}：文件不是 UTF-8 编码\n  请另存为 UTF-8 编码", path.display())
            }
            ScenarioError::Syntax { name, message, remedy } => {
                format!("{name}：{}\n  {}；`onestop project --init FILE` 可生成带注释的样例", message.zh, remedy.zh)
            }
            ScenarioError::Wrong { name, line, problem } => {
                let line = line.map_or_else(String::new, |n| format!(" 第 {n} 行"));
                format!("{name}{line}：{}", problem.zh())
            }
        }
    }
}

impl Told for Problem {
    fn zh(&self) -> String {
        match self {
            // --- scenarios ---
            Problem::EmptyId => "方案的 id 为空\n  请填写；输出以 id 称呼各方案".to_owned(),
            Problem::Baseline => "id 不得为 `baseline`：它指现行政策，总在首位\n  请另取 id".to_owned(),
            Problem::IdTwice { id, first } => {
                format!("第 {first} 行已有方案名为 `{id}`\n  请为各方案取不同的 id")
            }
            Problem::NoChange(id) => format!(
                "方案 `{id}` 没有任何变化\n  请写 `policy`、[scenario.set]，或费用、就诊、人员、身份、参数的变化；\
                 现行政策以 `baseline` 列出"
            ),
            Problem::AsIfAlone => "`as_if` 须与 `policy` 同用\n  请写明政策，或对整个运行使用 --as-if".to_owned(),
            Problem::TooMany { id, points, most } => {
                format!("`{id}` 展开为 {points} 个方案，全文件超过 {most} 个\n  请减少取值，或加大步长")
            }
            Problem::Misplaced(key) => {
                format!("`{key}` 写在 [scenario.set] 之下，会被当作地址\n  请写在该表头之上、[[scenario]] 之下")
            }
            Problem::Policy(error) => error.zh(),

            // --- values and ranges ---
            Problem::Of { label, problem } => format!("`{label}`：{}", problem.zh()),
            Problem::TooManyValues => "取值过多\n  请减少取值，或加大步长".to_owned(),
            Problem::NoValue => "取值列表为空\n  请至少写一个取值".to_owned(),
            Problem::Range { text, why } => {
                format!("范围 `{text}` {}\n  请写成 \"0.60..0.80 step 0.05\" 的形式，两端都包含在内", why.zh)
            }
            Problem::Figure { text, why, form } => format!("`{text}` {}\n  请填写{}", why.zh, form.zh),
            Problem::Level(level) => {
                format!("医院等级 {level} 不存在\n  等级为 1、2、3；0 指没有等级的结算")
            }
            Problem::Float(figure) => {
                format!("`{figure}` 是浮点数，政策数值不用浮点数\n  请加引号填写，例如 \"0.70\"")
            }

            // --- persons, identities, parameters, funds ---
            Problem::Identity { text, known } => {
                format!("未知的身份 `{text}`\n  可用的有 {known}；无身份的人员写 `none`")
            }
            Problem::NobodyBecomes => "`from` 没有写明身份\n  请列出名册中要变更的身份".to_owned(),
            Problem::BecomesItself(identity) => format!("`{identity}` 变更为自身\n  请从 `from` 中删去"),
            Problem::BecomesTwo(identity) => {
                format!("`{identity}` 在一个方案中变更为两种身份\n  各项变更都以现有名册为准，请只写一次")
            }
            Problem::NoParameter { name, nearest } => {
                format!("参数 `{name}` 没有值\n  {}；或用 --params 给出该值", nearest.zh)
            }
            Problem::Schedule(name) => {
                format!("`{name}` 是基础待遇，不是数值\n  请用 --params 给出另一基础待遇，或改动规则的 tilt")
            }
            Problem::NoYear { name, year, years } => {
                format!("参数 `{name}` 没有 {year} 年的值，无从增长\n  {}；请用 `value` 给出该年的值", years.zh)
            }
            Problem::GrowthOrValue => "参数应写 `growth` 或 `value`\n  请在两者中只写一个".to_owned(),
            Problem::Fund { text, known } => format!("未知的基金 `{text}`\n  可用的有 {known}"),
            Problem::FundTwice(fund) => {
                format!("基金 `{fund}` 的筹资写了两次\n  请合并到一个 [[fund]] 中")
            }

            // --- addresses ---
            Problem::NoAddress { address, policy, nearest, tables } => {
                format!("`{address}`：政策 `{policy}` 中没有该名称的规则或表\n  {}；表有：{tables}", nearest.zh)
            }
            Problem::Unquoted { address, whole } => format!(
                "`{address}` 得到的是一张表：不加引号的地址会被当作表中之表\n  \
                 请将整个地址加引号，例如 \"{whole}\" = …"
            ),
            Problem::NotThere { address, at, key, there } => {
                format!("`{address}`：{}中没有 `{key}`\n  {}", at.zh, there.zh)
            }
            Problem::Ambiguous { address, id, count, by_number } => {
                format!("`{address}`：有 {count} 项名为 `{id}`\n  请按序号指明：{by_number}")
            }
            Problem::Whole(address) => format!(
                "`{address}` 是整条规则或整张表，只能取 \"off\" 或 \"on\"\n  \
                 请写到具体数值的地址，写到最后一个键并加引号，例如 \"ma.A.ratio\""
            ),
            Problem::SeveralBrackets { address, rule, count } => format!(
                "`{address}`：该规则有 {count} 个分段，各有比例\n  \
                 请指明其一，例如 `{rule}.brackets.1.ratio`，或用 \"+0.05\"、\"x1.10\" 一并改动"
            ),
            Problem::NotFixed { address, change, stands, remedy } => {
                format!("`{address}`：`{change}` 用于改动固定的比例或金额，而此处是{}\n  {}", stands.zh, remedy.zh)
            }
            Problem::Beyond { address, from, change, to, beyond } => {
                format!("`{address}`：{from} {change} 得 {}，{}\n  请减小变动，或直接写明数值", to.zh, beyond.zh)
            }
            Problem::NoneOfWhole(address) => {
                format!("`{address}` 不是可用 \"none\" 取消的键\n  取消规则或表请用 \"off\"")
            }
            Problem::OffOfValue(address) => {
                format!("`{address}` 不是可用 \"off\" 取消的规则或表\n  取消可选的数值请用 \"none\"")
            }
            Problem::OffOfBracket(address) => {
                format!("`{address}` 是一个分段，取消后会留下空档\n  请将其比例设为 \"0\"，或移动分段的起止")
            }
            Problem::SetTwice { address, other } => {
                format!("`{address}` 与 `{other}` 改动的是同一处\n  请只保留一个；两段共用的分界会一并移动")
            }
            Problem::Refused { change, policy, message, remedy } => format!(
                "`{change}` 使政策 `{policy}` 无效：{}\n  {}写法见 `onestop policy show` 和 README 的 \
                 “How to add a city” 一节",
                message.zh, remedy.zh
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::both;
    use crate::lang::tests::two_lines;
    use crate::model::codes::Identity;
    use crate::policy::error::PolicyError;

    #[test]
    fn errors_of_the_file_are_told_in_chinese_with_its_facts() {
        let (path, name) = (|| "plan.toml".into(), || "plan.toml".to_owned());
        let gone = std::io::ErrorKind::NotFound.into();
        two_lines(&ScenarioError::Io { path: path(), source: gone }, &["plan.toml", "文件不存在"]);
        two_lines(&ScenarioError::Encoding { path: path() }, &["plan.toml", "UTF-8"]);
        let (message, remedy) = (both!("no", "有误"), both!("mend it", "请改正"));
        two_lines(&ScenarioError::Syntax { name: name(), message, remedy }, &["plan.toml：有误", "请改正；"]);
        two_lines(&Problem::NoValue.at("plan.toml", 7), &["plan.toml 第 7 行：取值列表为空"]);
    }

    #[test]
    fn every_problem_is_told_in_chinese_with_its_facts() {
        let text = |text: &str| text.to_owned();
        let flaw = || both!("is wrong", "有误");
        let policy = PolicyError::Unknown { id: text("mine"), known: text("a") };
        for (problem, facts) in [
            (Problem::EmptyId, &["id"][..]),
            (Problem::Baseline, &["`baseline`"]),
            (Problem::IdTwice { id: text("a"), first: 3 }, &["第 3 行", "`a`"]),
            (Problem::NoChange(text("a")), &["`a`", "[scenario.set]"]),
            (Problem::AsIfAlone, &["`as_if`", "--as-if"]),
            (Problem::TooMany { id: text("a"), points: text("9 × 9"), most: 50 }, &["`a`", "9 × 9", "50"]),
            (Problem::Misplaced(text("title")), &["`title`"]),
            (Problem::Policy(policy), &["`mine`"]),
            (Problem::NoValue.of("ma.A"), &["`ma.A`：取值列表为空"]),
            (Problem::TooManyValues, &["步长"]),
            (Problem::Range { text: text("1..0"), why: flaw() }, &["`1..0` 有误"]),
            (Problem::Figure { text: text("x"), why: flaw(), form: flaw() }, &["`x` 有误"]),
            (Problem::Level(7), &["7"]),
            (Problem::Float(text("0.7")), &["`0.7`"]),
            (Problem::Identity { text: text("x"), known: text("a, b") }, &["`x`", "a, b"]),
            (Problem::NobodyBecomes, &["`from`"]),
            (Problem::BecomesItself(Identity::Dibao), &["`dibao`"]),
            (Problem::BecomesTwo(Identity::Dibao), &["`dibao`"]),
            (Problem::NoParameter { name: text("income"), nearest: flaw() }, &["`income`", "有误", "--params"]),
            (Problem::Schedule(text("base")), &["`base`", "--params"]),
            (Problem::NoYear { name: text("income"), year: 2030, years: flaw() }, &["`income`", "2030", "有误"]),
            (Problem::GrowthOrValue, &["`growth`", "`value`"]),
            (Problem::Fund { text: text("x"), known: text("a, b") }, &["`x`", "a, b"]),
            (Problem::FundTwice(text("x")), &["`x`"]),
            (
                Problem::NoAddress { address: text("x.y"), policy: text("p"), nearest: flaw(), tables: text("t") },
                &["`x.y`", "`p`", "有误", "表有：t"],
            ),
            (Problem::Unquoted { address: text("x"), whole: text("x.y") }, &["`x`", "\"x.y\""]),
            (
                Problem::NotThere { address: text("x.y"), at: flaw().into(), key: text("y"), there: flaw().into() },
                &["`x.y`", "`y`", "有误"],
            ),
            (
                Problem::Ambiguous { address: text("x"), id: text("i"), count: 2, by_number: text("`t.1`") },
                &["`x`", "`i`", "2", "`t.1`"],
            ),
            (Problem::Whole(text("x")), &["`x`"]),
            (
                Problem::SeveralBrackets { address: text("x.ratio"), rule: text("x"), count: 3 },
                &["`x.ratio`", "3", "`x.brackets.1.ratio`"],
            ),
            (
                Problem::NotFixed {
                    address: text("x"),
                    change: text("+1"),
                    stands: flaw().into(),
                    remedy: flaw().into(),
                },
                &["`x`", "`+1`", "有误"],
            ),
            (
                Problem::Beyond {
                    address: text("x"),
                    from: text("1"),
                    change: text("-2"),
                    to: flaw().into(),
                    beyond: flaw().into(),
                },
                &["`x`", "1 -2", "有误"],
            ),
            (Problem::NoneOfWhole(text("x")), &["`x`"]),
            (Problem::OffOfValue(text("x")), &["`x`"]),
            (Problem::OffOfBracket(text("x")), &["`x`"]),
            (Problem::SetTwice { address: text("x"), other: text("y") }, &["`x`", "`y`"]),
            (
                Problem::Refused {
                    change: text("c"),
                    policy: text("p"),
                    message: flaw().into(),
                    remedy: flaw().into(),
                },
                &["`c`", "`p`", "有误"],
            ),
        ] {
            two_lines(&problem, facts);
        }
    }
}
