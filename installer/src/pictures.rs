//! `cargo xtask pictures`: takes the README's pictures of the real program, on a virtual screen with a software
//! renderer, so that they come out alike everywhere. The program is driven by keys only.

use crate::process::{self, Outcome};
use crate::setup::{self, Purpose};
use crate::virtual_screen::{Running, Scratch, Screen};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
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

const PICTURES: [Picture; 4] = [
    Picture { file: "library.png", arguments: &[], keys: &[] },
    Picture { file: "settings.png", arguments: &[], keys: &["ctrl+comma", "Tab", "Tab", "Tab", "space"] },
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
    let home = Scratch::new("pictures")?;
    let screen = Stage(Screen::start(SCREEN)?);
    let mut program = Command::new(program()?);
    screen.0.hosts(program.args(picture.arguments), &home);
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

/// A virtual screen with tools to press keys and look at it.
struct Stage(Screen);

impl Stage {
    fn tool(&self, program: &str, args: &[&str]) -> Command {
        let mut tool = Command::new(program);
        tool.args(args).env("DISPLAY", &self.0.display);
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
