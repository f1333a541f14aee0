//! Looks for libraries, programs and drivers, without asking the package manager.

use super::needs::FoundBy;
use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the Vulkan loader looks for drivers, below each data and configuration folder.
const VULKAN_DRIVERS: &str = "vulkan/icd.d";

/// The system's libraries, listed when first asked for.
#[derive(Debug, Default)]
pub struct System {
    libraries: Option<String>,
}

impl System {
    pub fn has(&mut self, found_by: FoundBy) -> bool {
        match found_by {
            FoundBy::PkgConfig(module) => pkg_config_knows(module),
            FoundBy::Library(name) => self.has_library(name),
            FoundBy::Program(name) => process::find_program(name).is_some(),
            FoundBy::VulkanDriver => has_vulkan_driver(),
        }
    }

    fn has_library(&mut self, name: &str) -> bool {
        let listed = self.libraries.get_or_insert_with(list_libraries);
        lists(listed, name) || own_library_folders().iter().any(|folder| folder.join(name).exists())
    }
}

/// What `ldconfig -p` prints; it is often outside an ordinary user's search path.
fn list_libraries() -> String {
    let programs = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"];
    programs.iter().find_map(|program| process::output(Command::new(program).arg("-p"))).unwrap_or_default()
}

/// A line of it: `<TAB>libX11.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libX11.so.6`.
fn lists(listed: &str, library: &str) -> bool {
    let for_us = if cfg!(target_arch = "x86_64") { "x86-64" } else { "" };
    listed.lines().any(|line| line.split_whitespace().next() == Some(library) && line.contains(for_us))
}

fn own_library_folders() -> Vec<PathBuf> {
    std::env::var_os("LD_LIBRARY_PATH").map_or_else(Vec::new, |paths| std::env::split_paths(&paths).collect())
}

fn pkg_config_knows(module: &str) -> bool {
    process::output(Command::new("pkg-config").args(["--exists", module])).is_some()
}

fn has_vulkan_driver() -> bool {
    let chosen = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| std::env::var_os(name).is_some());
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
    let folders = ["/usr/share", "/usr/local/share", "/etc"].iter().map(PathBuf::from).chain(home);
    chosen || folders.map(|folder| folder.join(VULKAN_DRIVERS)).any(|folder| has_manifest(&folder))
}

fn has_manifest(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|extension| extension == "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_listed_by_its_whole_name() {
        let listed =
            "\tlibX11.so.6 (libc6,x86-64) => /lib/libX11.so.6\n\tlibXi.so.6 (libc6) => /lib32/libXi.so.6\n";
        assert!(lists(listed, "libX11.so.6"));
        assert!(!lists(listed, "libX11.so"));
        assert!(!lists(listed, "libXi.so.6") || !cfg!(target_arch = "x86_64"));
    }
}
