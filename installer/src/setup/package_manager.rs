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

/// What to do about the package manager's lists, which name the versions that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    Keep,
    /// Fetch them first. Stale ones name packages that are gone.
    Fetch,
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

    /// Whether it has ever fetched its lists of packages: in a fresh container it has not.
    pub fn has_lists(self) -> bool {
        match self {
            Self::Apt => has_files(Path::new("/var/lib/apt/lists")),
            Self::Dnf => true,
            Self::Pacman => has_files(Path::new("/var/lib/pacman/sync")),
        }
    }

    /// The commands that install `packages`, in order.
    pub fn install_commands(self, packages: &[&str], lists: Lists) -> Vec<Command> {
        let fetch = lists == Lists::Fetch;
        match self {
            Self::Apt => {
                let update = fetch.then(|| self.command(&["update"], &[]));
                let install = self.command(&["install", "--yes", "--no-install-recommends"], packages);
                update.into_iter().chain([install]).collect()
            }
            Self::Dnf if fetch => vec![self.command(&["install", "--refresh", "--assumeyes"], packages)],
            Self::Dnf => vec![self.command(&["install", "--assumeyes"], packages)],
            Self::Pacman if fetch => vec![self.command(&["-Sy", "--needed", "--noconfirm"], packages)],
            Self::Pacman => vec![self.command(&["-S", "--needed", "--noconfirm"], packages)],
        }
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

fn has_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.any(|entry| entry.file_name() != "lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_installs_the_packages() {
        for manager in PackageManager::ALL {
            for lists in [Lists::Keep, Lists::Fetch] {
                let commands = manager.install_commands(&["one", "two"], lists);
                let last = process::shown(commands.last().expect("a command"));
                assert!(last.contains(manager.program()) && last.ends_with(" one two"), "{last}");
            }
        }
    }
}
