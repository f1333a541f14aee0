//! How a vCPU is told that something has changed under it: posted by anyone, honoured by the vCPU between traces.

use super::ram::BlockId;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release, SeqCst},
    fence,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many notices may wait before they are replaced by "everything has changed".
const LIMIT: usize = 4096;

/// A line of [`super::LINE_SIZE`] bytes whose code has been written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeLine {
    pub block: BlockId,
    /// The line's number in its block.
    pub line: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Traces made from this line are stale.
    Code(CodeLine),
    /// Stores into this page must be seen: it has code or is to be watched for changes.
    Guarded { block: BlockId, page: u64 },
    /// Stores into any page must be seen: the dirty marks have been taken.
    Untracked,
    /// Addresses have got another meaning.
    Remapped,
}

/// The notices that wait for one vCPU. Bounded: when too many wait, everything counts as changed.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: AtomicBool,
    /// The vCPU is at work, so that it may use what it has looked up before it sees a notice.
    working: AtomicBool,
    /// The vCPU is no more.
    closed: AtomicBool,
    notices: Mutex<Notices>,
}

#[derive(Debug, Default)]
struct Notices {
    list: Vec<Notice>,
    overflowed: bool,
}

impl Mailbox {
    /// Whether anything waits. Cheap enough to be asked before each trace.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Acquire)
    }

    /// The vCPU begins or ends its work. One that begins must drop what it may not use while [`Self::is_waiting`].
    pub(super) fn set_working(&self, working: bool) {
        self.working.store(working, SeqCst);
        fence(SeqCst);
    }

    /// Says that nobody will look here any more.
    pub(super) fn close(&self) {
        self.closed.store(true, SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Whether the vCPU may still act as if it had not been told what has been posted.
    pub(super) fn lags(&self) -> bool {
        fence(SeqCst);
        self.working.load(SeqCst) && self.is_waiting() && !self.is_closed()
    }

    /// Says that addresses have got another meaning, so that nothing looked up before may be used.
    pub fn post_remap(&self) {
        self.post(Notice::Remapped);
    }

    pub(super) fn post(&self, notice: Notice) {
        if self.is_closed() {
            return;
        }
        let mut notices = self.lock();
        if notices.list.len() == LIMIT {
            notices.list.clear();
            notices.overflowed = true;
        }
        if !notices.overflowed && notices.list.last() != Some(&notice) {
            notices.list.push(notice);
        }
        self.waiting.store(true, Release);
    }

    /// Hands over what waits, in order; `None` stands for "everything". Who posts meanwhile waits, so that an empty
    /// mailbox means that its notices have been honoured.
    pub(super) fn honour(&self, mut each: impl FnMut(Option<Notice>)) {
        let mut notices = self.lock();
        if std::mem::take(&mut notices.overflowed) {
            notices.list.clear();
            each(None);
        }
        notices.list.drain(..).for_each(|notice| each(Some(notice)));
        self.waiting.store(false, Release);
    }

    fn lock(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_notices_become_everything() {
        let mailbox = Mailbox::default();
        for page in 0..=LIMIT as u64 {
            mailbox.post(Notice::Guarded { block: BlockId::test(1), page });
        }
        let mut got = Vec::new();
        mailbox.honour(|notice| got.push(notice));
        assert_eq!(got, [None]);
        assert!(!mailbox.is_waiting());
    }

    #[test]
    fn notices_come_in_order_and_repeats_once() {
        let mailbox = Mailbox::default();
        for notice in [Notice::Untracked, Notice::Untracked, Notice::Remapped] {
            mailbox.post(notice);
        }
        let mut got = Vec::new();
        mailbox.honour(|notice| got.push(notice));
        assert_eq!(got, [Some(Notice::Untracked), Some(Notice::Remapped)]);
    }
}
