//! Why files cannot be imported; nothing is written then.

use crate::lang::{Both, Told, io};
use crate::ledger::codebook::CodesError;
use crate::output::error::OutputError;
use std::path::PathBuf;

/// An error of an import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("{path}: {source}\n  check the path and the access rights", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A workbook cannot be read.
    #[error("{path}: no workbook that can be read: {message}\n  save it as .xlsx without a password, or export it as CSV", path = path.display())]
    Workbook {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        message: String,
    },
    /// An old or another binary format.
    #[error("{path}: neither text nor .xlsx\n  open it with the program that made it, and save it as .xlsx or CSV", path = path.display())]
    Binary {
        /// The file.
        path: PathBuf,
    },
    /// A workbook has no such sheet.
    #[error("{path}: no sheet `{name}`; there are {found}\n  name one of them with --sheet", path = path.display())]
    NoSheet {
        /// The file.
        path: PathBuf,
        /// The sheet.
        name: String,
        /// Those that are there.
        found: String,
    },
    /// A quote that is opened and not closed.
    #[error("{path}, line {line}: a quote is opened here or in the lines before and not closed\n  close it, or double it where it is a part of the text", path = path.display())]
    Unclosed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A file of heads that is none.
    #[error("{name}: {message}\n  write [columns] with their = \"ours\", and [words.COLUMN] with word = \"code\"")]
    Heads {
        /// The file.
        name: String,
        /// What is wrong.
        message: Box<Both>,
    },
    /// A needed column is missing.
    #[error(
        "{file}: no head for `{name}`, which is needed; the heads found are {found}\n  say which it is with --column {name}=THEIRS, or with --headers FILE"
    )]
    MissingHead {
        /// The file.
        file: String,
        /// The column.
        name: &'static str,
        /// The heads.
        found: String,
    },
    /// Two heads for one column.
    #[error(
        "{file}: both `{first}` and `{second}` are heads for `{name}`\n  say which it is with --column {name}={first} or --column {name}={second}"
    )]
    TwoHeads {
        /// The file.
        file: String,
        /// The column.
        name: &'static str,
        /// One head.
        first: String,
        /// The other.
        second: String,
    },
    /// `--column` names what is not there.
    #[error("{file}: --column {name}={theirs}: no such head; the heads found are {found}\n  correct the name")]
    NoSuchHead {
        /// The file.
        file: String,
        /// The column.
        name: String,
        /// What was named.
        theirs: String,
        /// The heads.
        found: String,
    },
    /// Amounts in ten thousands.
    #[error("{file}: `{head}` is in ten thousands of yuan, which do not tell fen\n  export the column in yuan")]
    TenThousands {
        /// The file.
        file: String,
        /// The head.
        head: String,
    },
    /// A file twice, or as input and output.
    #[error("{path}: named twice\n  name each input once, and another file as output", path = path.display())]
    Twice {
        /// The file.
        path: PathBuf,
    },
    /// A file of codes.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Columns that do not fit together, which no input should bring about.
    #[error(
        "building columns: {message}\n  this is a defect of the program; please report it with the heads of the file"
    )]
    Defect {
        /// What was said.
        message: String,
    },
}

impl Told for ImportError {
    fn zh(&self) -> String {
        match self {
            ImportError::Io { path, source } => format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source)),
            ImportError::Workbook { path, message } => {
                format!("{}：不是可读的工作簿：{message}\n  请另存为不加密的 .xlsx，或导出为 CSV", path.display())
            }
            ImportError::Binary { path } => {
                format!("{}：既不是文本也不是 .xlsx\n  请用原程序打开，另存为 .xlsx 或 CSV", path.display())
            }
            ImportError::NoSheet { path, name, found } => {
                format!("{}：没有工作表“{name}”；现有 {found}\n  请用 --sheet 指明其中一个", path.display())
            }
            ImportError::Unclosed { path, line } => format!(
                "{} 第 {line} 行：此处或之前的引号没有闭合\n  请补上引号；引号属于文字内容的，请写成两个",
                path.display()
            ),
            ImportError::Heads { name, message } => format!(
                "{name}：{}\n  请写 [columns]（原列名 = \"标准列名\"）和 [words.列名]（词 = \"代码\"）",
                message.zh
            ),
            ImportError::MissingHead { file, name, found } => format!(
                "{file}：缺少必需的列 `{name}`；表头有 {found}\n  请用 --column {name}=原列名 指明，或用 --headers FILE"
            ),
            ImportError::TwoHeads { file, name, first, second } => format!(
                "{file}：表头“{first}”和“{second}”都对应 `{name}`\n  请用 --column {name}={first} 或 --column {name}={second} 指明"
            ),
            ImportError::NoSuchHead { file, name, theirs, found } => {
                format!("{file}：--column {name}={theirs}：没有该表头；表头有 {found}\n  请改正列名")
            }
            ImportError::TenThousands { file, head } => {
                format!("{file}：“{head}”以万元为单位，不能精确到分\n  请以元为单位导出该列")
            }
            ImportError::Twice { path } => {
                format!("{}：重复给出\n  每个输入文件只写一次，输出须为另一文件", path.display())
            }
            ImportError::Codes(error) => error.zh(),
            ImportError::Output(error) => error.zh(),
            ImportError::Defect { message } => {
                format!("生成列时出错：{message}\n  这是程序缺陷，请连同表头一并报告")
            }
        }
    }
}
