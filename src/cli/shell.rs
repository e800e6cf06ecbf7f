//! `onestop completions` and `onestop man`: what clap knows of the command line, for shells and for `man`.

use super::{DONE, Failure, lang, print, typed};
use crate::lang::{Both, Told as _};
use clap_complete::Shell;
use std::path::Path;

/// Prints the completions for a shell; the exit code.
pub fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut command = typed::command(lang());
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(DONE)
}

/// Prints the program's manual page, or writes one for every command into a folder; the exit code.
pub fn man(out: Option<&Path>) -> Result<u8, Failure> {
    let command = typed::command(lang());
    match out {
        Some(folder) => {
            let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
            written.map_err(|error| {
                let folder = folder.display();
                Both {
                    en: format!("{folder}: {error}\n  check the path, its permissions and the free space"),
                    zh: format!("{folder}：{}\n  请核对路径、访问权限和磁盘空间", error.zh()),
                }
            })?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(DONE)
}
