//! Starting other programs: the one place that shows a command before it runs and words its failure.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// What a command of xtask ends with: an exit status for the shell, or a sentence for the user.
pub type Outcome = Result<ExitCode, String>;

/// The root folder of the workspace.
pub fn root() -> PathBuf {
    let installer = Path::new(env!("CARGO_MANIFEST_DIR"));
    installer.parent().unwrap_or(installer).to_path_buf()
}

/// The `cargo` that started us, in the root folder.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// The command as one would type it. Words with blanks or quotes are quoted.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let word = Path::new(word).file_name().filter(|_| word.ends_with("/cargo")).map_or(word, |_| "cargo");
    if !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"$\\;&|<>()".contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Shows the command, runs it with our own input and output, and gives its exit status.
pub fn status(command: &mut Command) -> Result<i32, String> {
    eprintln!("$ {}", shown(command));
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    Ok(status.code().unwrap_or(1))
}

/// As [`status`], but anything except success is an error.
pub fn must(command: &mut Command) -> Result<(), String> {
    match status(command)? {
        0 => Ok(()),
        code => Err(format!("{} ended with status {code}", shown(command))),
    }
}

/// What the command prints, if it can be started and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An exit status of a program, handed on.
pub fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Finds a program as the shell would.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_typed() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["test", "--", "a name", "it's"]);
        assert_eq!(shown(&command), r"cargo test -- 'a name' 'it'\''s'");
    }
}
