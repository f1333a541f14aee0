//! A screen that nobody sees, and programs that end with their owner: what pictures and window benchmarks need.

use crate::process;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A program that ends when this is dropped.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Result<Self, String> {
        command
            .spawn()
            .map(Self)
            .map_err(|error| format!("cannot start {}: {error}", process::shown(command)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end and nothing to say.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder for a program's data, gone when this is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// `purpose` is a part of its name.
    pub fn new(purpose: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("anachron-{purpose}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left-overs in the temporary folder do no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A virtual screen.
pub struct Screen {
    pub display: String,
    _server: Running,
}

impl Screen {
    /// Xvfb picks a free number and says which, once it is ready. Without `-noreset` it would forget everything
    /// whenever its last client leaves. `size` is width, height and depth, as Xvfb wants them.
    pub fn start(size: &str) -> Result<Self, String> {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"]);
        let mut server = Running::start(xvfb.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let said = server.0.stdout.take().ok_or("Xvfb has no output")?;
        let mut number = String::new();
        BufReader::new(said).read_line(&mut number).map_err(|error| format!("cannot hear Xvfb: {error}"))?;
        let number: u32 = number.trim().parse().map_err(|_| "Xvfb did not start")?;
        Ok(Self { display: format!(":{number}"), _server: server })
    }

    /// Lets a program draw here, by software so that it comes out alike everywhere, with its data in `home`.
    pub fn hosts(&self, program: &mut Command, home: &Scratch) {
        program.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").env("LIBGL_ALWAYS_SOFTWARE", "1");
        program.env("ANACHRON_HOME", home.0.join("machines"));
        program.env("XDG_DATA_HOME", &home.0).env("XDG_RUNTIME_DIR", &home.0).stdin(Stdio::null());
    }
}
