//! `cargo xtask pictures`: takes the README's pictures of the real program, on a virtual screen with a software
//! renderer, so that they come out alike everywhere. The program is driven by keys only.

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Where the pictures lie, below the root folder.
const FOLDER: &str = "docs/pictures";
/// The window fills the screen: there is no window manager to place or decorate it.
const SCREEN: &str = "1120x720x24";
/// A picture is taken once two looks in a row show the same, or at the latest after this time.
const SETTLES_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(700);

/// A picture: what the program is started with, and the keys pressed before (as `xdotool key` names them).
struct Picture {
    file: &'static str,
    arguments: &'static [&'static str],
    keys: &'static [&'static str],
}

/// Keys that do nothing in the demo's menu, one for each few seconds that the machine needs to get there.
const WAIT: [&str; 6] = ["F9"; 6];

const PICTURES: [Picture; 3] = [
    Picture { file: "library.png", arguments: &[], keys: &[] },
    Picture { file: "machine.png", arguments: DEMO, keys: &WAIT },
    Picture {
        file: "debugger.png",
        arguments: DEMO,
        keys: &[WAIT[0], WAIT[1], WAIT[2], WAIT[3], WAIT[4], WAIT[5], "2", "F12", "F5"],
    },
];

/// The demo that is built into the program.
const DEMO: &[&str] = &["run", "xt", "--floppy", "builtin:first-light"];

pub fn pictures(args: &[String]) -> Outcome {
    if !cfg!(target_os = "linux") {
        return Err("pictures are taken under Xvfb, on Linux only".to_owned());
    }
    setup::ensure(&Purpose::ALL)?;
    setup::ensure(&[Purpose::Pictures])?;
    process::must(&mut process::cargo(["build", "--package", "anachron", "--bin", "anachron"]))?;
    let folder = process::root().join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {FOLDER}: {error}"))?;
    for picture in
        PICTURES.iter().filter(|picture| args.is_empty() || args.iter().any(|arg| arg == picture.file))
    {
        take(picture, &folder)?;
        println!("{FOLDER}/{}", picture.file);
    }
    Ok(ExitCode::SUCCESS)
}

/// Each picture has a screen and a home of its own, so that none depends on those before it.
fn take(picture: &Picture, folder: &Path) -> Result<(), String> {
    let home = Home::new()?;
    let screen = Screen::start()?;
    let mut program = Command::new(program()?);
    program.args(picture.arguments).env("DISPLAY", &screen.display).env_remove("WAYLAND_DISPLAY");
    program
        .env("ANACHRON_HOME", home.0.join("machines"))
        .env("XDG_DATA_HOME", &home.0)
        .env("XDG_RUNTIME_DIR", &home.0);
    program.env("LIBGL_ALWAYS_SOFTWARE", "1").stdin(Stdio::null());
    let _program = Running::start(&mut program)?;
    let shot = home.0.join("shot.png");
    screen.settled(&shot)?;
    for key in picture.keys {
        screen.press(key)?;
        screen.settled(&shot)?;
    }
    let target = folder.join(picture.file);
    std::fs::copy(&shot, &target).map_err(|error| format!("cannot write {}: {error}", target.display()))?;
    Ok(())
}

fn program() -> Result<PathBuf, String> {
    let me = std::env::current_exe().map_err(|error| format!("cannot find my own folder: {error}"))?;
    Ok(me.with_file_name("anachron"))
}

/// A program that ends when this is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self, String> {
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

/// A folder for the program's data, gone when this is dropped.
struct Home(PathBuf);

impl Home {
    fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("anachron-pictures-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Left-overs in the temporary folder do no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A virtual screen.
struct Screen {
    display: String,
    _server: Running,
}

impl Screen {
    /// Xvfb picks a free number and says which, once it is ready. Without `-noreset` it would forget everything
    /// whenever its last client leaves.
    fn start() -> Result<Self, String> {
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]);
        let mut server = Running::start(xvfb.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let said = server.0.stdout.take().ok_or("Xvfb has no output")?;
        let mut number = String::new();
        BufReader::new(said).read_line(&mut number).map_err(|error| format!("cannot hear Xvfb: {error}"))?;
        let number: u32 = number.trim().parse().map_err(|_| "Xvfb did not start")?;
        Ok(Self { display: format!(":{number}"), _server: server })
    }

    fn tool(&self, program: &str, args: &[&str]) -> Command {
        let mut tool = Command::new(program);
        tool.args(args).env("DISPLAY", &self.display);
        tool
    }

    /// Keys go to the window with the focus, which nobody gives it without a window manager.
    fn press(&self, key: &str) -> Result<(), String> {
        let mut press = self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", "Anachron", "windowfocus", "--sync", "key", key],
        );
        process::output(&mut press).map(|_| ()).ok_or_else(|| format!("cannot press {key}"))
    }

    /// Takes pictures into `shot` until one equals the last and is not blank.
    fn settled(&self, shot: &Path) -> Result<(), String> {
        let deadline = Instant::now() + SETTLES_WITHIN;
        let mut last = None;
        loop {
            std::thread::sleep(LOOK_EVERY);
            let seen = self.look(shot)?;
            if seen.is_some() && (seen == last || Instant::now() > deadline) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err("the program showed no window".to_owned());
            }
            last = seen;
        }
    }

    /// The picture file's bytes; none while no window is there.
    fn look(&self, shot: &Path) -> Result<Option<Vec<u8>>, String> {
        let windows =
            process::output(&mut self.tool("xdotool", &["search", "--onlyvisible", "--name", "Anachron"]));
        if windows.is_none() {
            return Ok(None);
        }
        let file = shot.to_string_lossy();
        let options = ["-window", "root", "-strip", "-define", "png:exclude-chunks=date,time", &file];
        process::output(&mut self.tool("import", &options)).ok_or("ImageMagick's `import` failed")?;
        std::fs::read(shot).map(Some).map_err(|error| format!("cannot read {}: {error}", shot.display()))
    }
}
