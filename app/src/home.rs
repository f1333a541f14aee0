//! Where the user's machines and settings lie.

use directories::ProjectDirs;
use std::path::PathBuf;

/// The variable that names the folder.
pub const VARIABLE: &str = "ANACHRON_HOME";

/// The folder of machines and settings: `ANACHRON_HOME`, or else the platform's data folder
/// (`~/.local/share/anachron`, `~/Library/Application Support/Anachron`, `%APPDATA%\Anachron\data`).
/// It need not exist yet. None where the system knows no home of its user.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| ProjectDirs::from("", "", "Anachron").map(|dirs| dirs.data_dir().to_path_buf()))
}
