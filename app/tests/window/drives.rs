//! The drives' chips: creating, protecting, recent images, dropping.

use super::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A drive of the first machine as its file names it.
fn written(window: &Window, text: &str) -> bool {
    let path = window.home.path().join("home/first-light/machine.ron");
    std::fs::read_to_string(path).is_ok_and(|file| file.contains(text))
}

fn started() -> Window {
    let mut window = Window::open();
    window.click("Start");
    window.wait_for_label("Drive A: First Light (demo)");
    window
}

#[test]
fn a_floppy_is_created_protected_and_found_again() {
    let mut window = started();
    window.click("Drive B: —");
    window.click("Create…");
    window.enter("Name", "letters");
    window.click("Create and insert");
    window.wait_for_label("Drive B: letters.img");
    let image = window.home.path().join("home/first-light/letters.img");
    assert_eq!(std::fs::metadata(&image).unwrap().len(), 368_640);

    window.click("Drive B: letters.img");
    window.click("Write-protected");
    // The chip says it in its menu only, so the machine's file is looked at.
    let file = image.with_file_name("machine.ron");
    let is_protected =
        || std::fs::read_to_string(&file).is_ok_and(|text| text.contains("write_protected: true"));
    window.wait("the protection", |_| is_protected());
    window.click("Drive B: letters.img");
    window.click("Eject");
    window.click("Drive B: —");
    window.click("letters.img");
    window.wait_for_label("Drive B: letters.img");
}

#[test]
fn a_dropped_image_asks_for_its_drive() {
    let mut window = started();
    let image = window.home.path().join("dropped.img");
    std::fs::write(&image, vec![0xF6; 368_640]).unwrap();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(image)));
    window.harness.step();
    window.wait_for_label("Insert dropped.img into which drive?");
    window.click("B:  (empty)");
    window.wait_for_label("Drive B: dropped.img");
    assert!(written(&window, "dropped.img"));
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only the path is asked for".to_owned())
    }
}
