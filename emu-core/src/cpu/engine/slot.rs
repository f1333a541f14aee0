//! Where a processor keeps its threaded engine.

use super::cache::CacheCounters;
use super::tuning::Tuning;
use std::any::Any;
use std::fmt;

/// A threaded engine, as its processor keeps it.
pub trait Kept: Any + Send {
    /// An engine that has executed nothing yet.
    fn tuned(tuning: Tuning) -> Self
    where
        Self: Sized;

    /// What it has done and found so far.
    fn counters(&self) -> CacheCounters;
}

/// The threaded engine for the bus and the probe that it was last used with. What it holds can always be made again.
#[derive(Default)]
pub struct Slot {
    tuning: Tuning,
    engine: Option<Box<dyn Kept>>,
}

impl Slot {
    /// The engine of type `E`, which is made if there is another or none.
    ///
    /// # Panics
    /// Never: it is there or has just been made.
    pub fn engine<E: Kept>(&mut self) -> &mut E {
        let fits = self.engine.as_deref().is_some_and(|engine| (engine as &dyn Any).is::<E>());
        if !fits {
            self.engine = Some(Box::new(E::tuned(self.tuning)));
        }
        let engine = self.engine.as_deref_mut().and_then(|engine| (engine as &mut dyn Any).downcast_mut());
        engine.expect("it was just made")
    }

    /// Drops the engine.
    pub fn forget(&mut self) {
        self.engine = None;
    }

    /// Has engines do this to be fast from now on.
    pub fn tune(&mut self, tuning: Tuning) {
        *self = Self { tuning, engine: None };
    }

    /// [`Kept::counters`], if there is an engine.
    pub fn counters(&self) -> Option<CacheCounters> {
        self.engine.as_deref().map(Kept::counters)
    }
}

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self { tuning: self.tuning, engine: None }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.engine.is_some() { "in use" } else { "unused" })
    }
}
