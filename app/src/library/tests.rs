use super::*;

fn library() -> (tempfile::TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new(folder.path().join("home"));
    (folder, library)
}

fn profile(name: &str) -> Profile {
    Profile { name: name.to_owned(), ..(machines::boards::xt::KIND.profile)() }
}

#[test]
fn a_machine_is_made_found_changed_trashed_and_restored() {
    let (_folder, library) = library();
    assert!(library.machines().unwrap().is_empty());
    let first = library.create(&profile("Office XT!")).unwrap();
    let second = library.create(&profile("office xt")).unwrap();
    assert_eq!((first.name().as_str(), second.name().as_str()), ("office-xt", "office-xt-2"));
    assert_eq!(library.find("Office XT!").unwrap().folder, first);

    let trashed = library.trash(&first).unwrap();
    assert_eq!(library.machines().unwrap().len(), 1);
    let back = library.restore(&trashed).unwrap();
    assert_eq!(back, first);
    assert_eq!(back.profile().unwrap(), profile("Office XT!"));
}

#[test]
fn the_last_versions_of_a_profile_are_kept() {
    let (_folder, library) = library();
    let folder = library.create(&profile("a")).unwrap();
    for number in 0..15 {
        folder.save_profile(&Profile { notes: number.to_string(), ..profile("a") }).unwrap();
    }
    let kept = numbered_files(&folder.0.join(HISTORY));
    assert_eq!(kept, (6..=15).collect::<Vec<_>>());
}

#[test]
fn broken_newer_and_foreign_files_are_named() {
    let (_folder, library) = library();
    let folder = library.create(&profile("a")).unwrap();
    for (text, word) in [
        ("V1((name: 3))", "damaged"),
        ("V7((name: \"x\"))", "newer"),
        ("hello", "damaged"),
        ("\u{0}\u{1}", "damaged"),
        ("", "damaged"),
    ] {
        fs::write(folder.0.join(PROFILE_FILE), text).unwrap();
        let message = folder.profile().unwrap_err().to_string();
        assert!(message.contains(word) && message.contains("machine.ron"), "{text}: {message}");
        assert_eq!(library.machines().unwrap().len(), 1);
    }
    fs::remove_file(folder.0.join(PROFILE_FILE)).unwrap();
    assert!(matches!(folder.profile(), Err(LibraryError::NoMachine(_))));
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let (_folder, library) = library();
    let folder = library.create(&profile("a")).unwrap();
    // A folder in the way of the temporary file is as good as a full disk.
    fs::create_dir(folder.0.join("machine.ron.new")).unwrap();
    assert!(folder.save_profile(&profile("b")).is_err());
    assert_eq!(folder.profile().unwrap().name, "a");
}
