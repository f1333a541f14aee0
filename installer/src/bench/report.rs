//! The document that the figures go into: a preface and a section a part.

use std::path::{Path, PathBuf};

/// The document, taken apart at its headings.
pub struct Document {
    path: PathBuf,
    sections: Vec<(String, String)>,
}

impl Document {
    /// Reads the document; one that isn't there has no sections.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let sections = text.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
        let sections = sections.map(|(title, text)| (title.trim().to_owned(), text.trim().to_owned()));
        Self { path: path.to_owned(), sections: sections.collect() }
    }

    /// Puts a section in place of the one with its title.
    pub fn put(&mut self, title: &str, text: &str) {
        self.sections.retain(|(other, _)| other != title);
        self.sections.push((title.to_owned(), text.trim().to_owned()));
    }

    /// Writes the document: sections in the order of `titles`, those that it does not know after them.
    pub fn write(&mut self, titles: &[&str]) -> Result<(), String> {
        let place = |title: &str| titles.iter().position(|known| *known == title).unwrap_or(titles.len());
        self.sections.sort_by_key(|(title, _)| place(title));
        let mut text = preface();
        for (title, section) in &self.sections {
            text += &format!("\n## {title}\n\n{section}\n");
        }
        std::fs::write(&self.path, text)
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

fn preface() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = match cores {
        1 => "one core".to_owned(),
        2 => "two cores".to_owned(),
        more => format!("{more} cores"),
    };
    let host = format!("{cores}, {}, {}", std::env::consts::ARCH, std::env::consts::OS);
    format!(
        "# Benchmarks\n\nMeasured and written by `cargo xtask bench`; a single section by `cargo xtask bench rm16`, \
         `bare-rm16`,\n`pm32`, `lm64`, `gui`, `memory` or `idle`. Release build; host: {host}. What is compared was run in turns; figures are medians.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let folder = std::env::temp_dir().join(format!("anachron-report-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("benchmarks.md");
        std::fs::write(&path, "# Benchmarks\n\nWords.\n\n## B\n\nold b\n\n## Own\n\nkept\n").unwrap();
        let mut document = Document::read(&path);
        document.put("A", "new a\n");
        document.put("B", "new b");
        document.write(&["A", "B"]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let sections = text.split_once("\n## ").unwrap().1;
        assert_eq!(sections, "A\n\nnew a\n\n## B\n\nnew b\n\n## Own\n\nkept\n");
    }
}
