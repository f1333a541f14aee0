//! The package managers that set-up can drive.

use crate::process;
use std::path::Path;
use std::process::Command;

/// A package manager, named by its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    Apt,
    Dnf,
    Pacman,
}

impl PackageManager {
    pub const ALL: [Self; 3] = [Self::Apt, Self::Dnf, Self::Pacman];

    /// The first whose program is there.
    pub fn of_this_system() -> Option<Self> {
        Self::ALL.into_iter().find(|manager| process::find_program(manager.program()).is_some())
    }

    fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Pacman => "pacman",
        }
    }

    /// The commands that install `packages`, in order. A list of packages that was never fetched is fetched first.
    pub fn install_commands(self, packages: &[&str]) -> Vec<Command> {
        let mut commands = Vec::new();
        if self == Self::Apt && !has_lists(Path::new("/var/lib/apt/lists")) {
            commands.push(self.command(&["update"], &[]));
        }
        commands.push(match self {
            Self::Apt => self.command(&["install", "--yes", "--no-install-recommends"], packages),
            Self::Dnf => self.command(&["install", "--assumeyes"], packages),
            Self::Pacman if has_lists(Path::new("/var/lib/pacman/sync")) => {
                self.command(&["-S", "--needed", "--noconfirm"], packages)
            }
            Self::Pacman => self.command(&["-Sy", "--needed", "--noconfirm"], packages),
        });
        commands
    }

    /// With `sudo` for all but root. Debian's packages must not stop for questions.
    fn command(self, arguments: &[&str], packages: &[&str]) -> Command {
        let mut words = Vec::new();
        if !is_root() {
            words.push("sudo");
        }
        if self == Self::Apt {
            words.extend(["env", "DEBIAN_FRONTEND=noninteractive"]);
        }
        words.push(self.program());
        words.extend_from_slice(arguments);
        words.extend_from_slice(packages);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    }
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

/// Whether any package list lies in `folder`: a fresh container has none.
fn has_lists(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .any(|entry| entry.file_name() != "lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_installs_the_packages() {
        for manager in PackageManager::ALL {
            let commands = manager.install_commands(&["one", "two"]);
            let last = process::shown(commands.last().expect("a command"));
            assert!(last.contains(manager.program()) && last.ends_with(" one two"), "{last}");
        }
    }
}
