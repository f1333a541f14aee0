//! Bad files and full disks, on the built program: each gives a message that names the thing and the remedy, and nothing
//! of the user's is lost or half-written.

mod support;

use support::{Desk, SMALL, Said, XT, assemble, disk, is_almighty};

const COUNTER: &str = include_str!("programs/counter.asm");
const ROM: &str = include_str!("programs/rom.asm");

#[test]
fn bad_floppy_images_are_named_with_a_remedy() {
    let desk = Desk::new();
    let image = disk(COUNTER, SMALL);
    std::fs::create_dir(desk.path("folder.img")).unwrap();
    let mut packed = b"TD\0".to_vec();
    packed.resize(2000, 0);
    for (name, bytes, remedy) in [
        ("cut.img", Some(image[..SMALL - 512].to_vec()), "cut short"),
        ("empty.img", Some(Vec::new()), "choose an image that holds a disk"),
        ("large.img", Some(vec![0; 5 << 20]), "hard disk"),
        ("packed.td0", Some(packed), "convert it"),
        ("folder.img", None, "choose an image file in it"),
        ("gone.img", None, "check the name"),
    ] {
        let path = desk.name(name);
        if let Some(bytes) = &bytes {
            desk.file(name, bytes);
        }
        let said = desk.run(&["--floppy", &path, "--for-cycles", "1"]).expect(1, &[name, remedy]);
        assert!(said.out.is_empty());
        if let Some(bytes) = bytes {
            assert!(std::fs::read(&path).unwrap() == bytes, "{name} was changed");
        }
    }
}

#[test]
fn bad_hard_disk_images_are_named_with_a_remedy() {
    let desk = Desk::new();
    let sparse = desk.path("large.img");
    std::fs::File::create(&sparse).unwrap().set_len(1 << 33).unwrap();
    for (name, bytes, remedy) in [
        ("cut.img", Some(vec![0; 306 * 2 * 17 * 512 - 100]), "cut short"),
        ("empty.img", Some(Vec::new()), "choose an image that holds a disk"),
        ("tiny.img", Some(vec![0; 512]), "create a blank hard disk"),
        ("large.img", None, "use a smaller disk"),
    ] {
        let path = desk.name(name);
        if let Some(bytes) = bytes {
            desk.file(name, &bytes);
        }
        desk.run(&["--disk", &path, "--for-cycles", "1"]).expect(1, &[name, remedy]);
    }
}

#[cfg(unix)]
#[test]
fn forbidden_files_are_named_with_a_remedy() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let (image, rom) =
        (desk.file("forbidden.img", &disk(COUNTER, SMALL)), desk.file("forbidden.rom", &assemble(ROM)));
    for path in [&image, &rom] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    if is_almighty(&desk.path("forbidden.img")) {
        return;
    }
    desk.run(&["--floppy", &image, "--for-cycles", "1"])
        .expect(1, &["forbidden.img", "change its permissions"]);
    desk.run(&["--firmware", &rom, "--for-cycles", "1"]).expect(1, &["forbidden.rom", "choose a ROM image"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_image_is_a_write_protected_disk() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let image = desk.file("disk.img", &disk(COUNTER, SMALL));
    std::fs::set_permissions(&image, std::fs::Permissions::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&image).is_ok() {
        println!("skipped: this user may write everything");
        return;
    }
    // AH=03h: write protected.
    desk.run(&["--floppy", &image, "--until-screen", "error: A"]).expect(0, &[]);
}

#[test]
fn bad_rom_images_are_named_with_a_remedy() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("folder.rom")).unwrap();
    let huge = desk.path("huge.rom");
    std::fs::File::create(huge).unwrap().set_len(1 << 32).unwrap();
    for (name, bytes, remedy) in [
        ("odd.rom", Some(1000), "whole number of KB"),
        ("empty.rom", Some(0), "whole number of KB"),
        ("large.rom", Some(257 * 1024), "up to 256 KB"),
        ("huge.rom", None, "choose a ROM image"),
        ("folder.rom", None, "choose a ROM image"),
        ("gone.rom", None, "choose a ROM image"),
    ] {
        if let Some(bytes) = bytes {
            desk.file(name, &vec![0xF4; bytes]);
        }
        desk.run(&["--firmware", &desk.name(name), "--for-cycles", "1"]).expect(1, &[name, remedy]);
    }
}

#[test]
fn broken_newer_and_foreign_machines_are_named_and_left_as_they_are() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("home/bad")).unwrap();
    let folder = desk.name("home/bad");
    desk.anachron(&["show", &folder]).expect(1, &["bad", "no machine.ron"]);
    for (text, words) in [
        ("V1((name: 3))", "damaged at line 1"),
        ("V9((name: \"from the future\"))", "newer Anachron"),
        ("<html></html>", "damaged"),
        ("\u{0}\u{1}\u{2}", "damaged"),
        ("", "damaged"),
    ] {
        let file = desk.file("home/bad/machine.ron", text.as_bytes());
        for command in [&["show", &folder][..], &["run", &folder, "--headless", "--for-cycles", "1"]] {
            desk.anachron(command).expect(1, &["machine.ron", words]);
        }
        let listed = desk.anachron(&["list"]).expect(0, &[]);
        assert!(String::from_utf8_lossy(&listed.out).starts_with("bad\tbroken\t"), "{listed:?}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }
    desk.file("home/bad/machine.ron", &vec![b' '; 2 << 20]);
    desk.anachron(&["show", &folder]).expect(1, &["machine.ron", "too large"]);
}

/// Runs the program where no file may grow beyond `blocks` of 512 bytes: to a program, a disk that is full.
#[cfg(unix)]
fn on_a_full_disk(desk: &Desk, blocks: u32, words: &[&str]) -> Option<Said> {
    let mut shell = std::process::Command::new("sh");
    // The signal that comes with the limit is ignored, so that the program sees the error.
    let script = format!("trap '' XFSZ; ulimit -f {blocks} || exit 99; exec \"$@\"");
    shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_anachron")]).args(words);
    shell.env("ANACHRON_HOME", desk.path("home")).stdin(std::process::Stdio::null());
    let said = Said::of(shell.output().expect("there is a shell"));
    if said.status == Some(99) {
        println!("skipped: this system has no limits on files");
        return None;
    }
    Some(said)
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_a_machine() {
    let desk = Desk::new();
    let Some(said) = on_a_full_disk(&desk, 0, &["create", "xt", "Office XT"]) else { return };
    said.expect(1, &["machine.ron", "cannot be written"]);
    assert!(desk.anachron(&["list"]).expect(0, &[]).out.is_empty());
    assert!(std::fs::read_dir(desk.path("home")).unwrap().next().is_none(), "something was left over");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_results() {
    let desk = Desk::new();
    desk.file("stats.ron", b"the old ones");
    let results = [
        "--for-cycles",
        "6000000",
        "--stats",
        &desk.name("stats.ron"),
        "--screenshot",
        &desk.name("s.png"),
        "--text-screen",
        &desk.name("t.txt"),
    ];
    let Some(said) = on_a_full_disk(&desk, 0, &[&XT[..], &results].concat()) else { return };
    said.expect(1, &["s.png", "cannot be written"]);
    assert_eq!(desk.names(), ["stats.ron"]);
    assert_eq!(desk.text("stats.ron"), "the old ones");
    let sound = ["--for-cycles", "10000000", "--record-audio", &desk.name("sound.wav")];
    if let Some(said) = on_a_full_disk(&desk, 100, &[&XT[..], &sound].concat()) {
        said.expect(1, &["sound.wav", "cannot be written"]);
    }
}

#[cfg(unix)]
#[test]
fn a_floppy_on_a_full_disk_gives_the_guest_a_fault_and_the_user_a_message() {
    let desk = Desk::new();
    let image = disk(COUNTER, SMALL);
    let floppy = desk.file("disk.img", &image);
    for firmware in ["rom", "host"] {
        let script = ["--firmware", firmware, "--floppy", &floppy, "--until-screen", "error: "];
        // The second sector lies beyond the limit.
        let Some(said) = on_a_full_disk(&desk, 1, &[&XT[..], &script].concat()) else { return };
        said.expect(0, &["disk.img", "cannot be written", "make room"]);
        assert!(std::fs::read(&floppy).unwrap() == image, "nothing is half-written");
    }
}
