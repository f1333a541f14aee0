//! What Undo takes back in the settings: each change of a row, and all that was typed into one field as a single change.

use super::row::Draft;

/// So many changes can be taken back; of more, the oldest stay.
const MOST: usize = 200;

/// Drafts as they were before a change, the newest last, each with the row that was changed.
#[derive(Default)]
pub struct History(Vec<(String, Draft)>);

impl History {
    /// Remembers how the draft was before a row changed it. A row that is typed into `goes_on` with its last change.
    pub fn note(&mut self, row: &str, goes_on: bool, before: Draft) {
        if goes_on && self.0.last().is_some_and(|(last, _)| last == row) {
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((row.to_owned(), before));
    }

    pub fn has_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes the last change back.
    pub fn undo(&mut self, draft: &mut Draft) {
        if let Some((_, before)) = self.0.pop() {
            *draft = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machines::boards::BOARDS;

    fn named(name: &str) -> Draft {
        let mut draft = Draft::new((BOARDS[0].profile)());
        name.clone_into(&mut draft.profile.name);
        draft
    }

    #[test]
    fn changes_are_taken_back_one_by_one_and_typed_words_whole() {
        let mut history = History::default();
        history.note("Memory", false, named("1"));
        history.note("Memory", false, named("2"));
        history.note("Name", true, named("3"));
        history.note("Name", true, named("4"));
        let mut draft = named("5");
        let mut names = Vec::new();
        while history.has_any() {
            history.undo(&mut draft);
            names.push(draft.profile.name.clone());
        }
        assert_eq!(names, ["3", "2", "1"]);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        (0..2 * MOST).for_each(|_| history.note("Memory", false, named("")));
        assert_eq!(history.0.len(), MOST);
    }
}
