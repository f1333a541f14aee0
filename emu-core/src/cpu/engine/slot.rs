//! Where a processor keeps its threaded engine.

use std::any::Any;
use std::fmt;

/// The threaded engine for the bus that it was last used with; what it holds can always be made again.
#[derive(Default)]
pub struct Slot(Option<Box<dyn Any + Send>>);

impl Slot {
    /// The engine of type `E`, which is made if there is another or none.
    ///
    /// # Panics
    /// Never: it is there or has just been made.
    pub fn engine<E: Any + Send>(&mut self, make: impl FnOnce() -> E) -> &mut E {
        let fits = self.0.as_ref().is_some_and(|engine| engine.is::<E>());
        if !fits {
            self.0 = Some(Box::new(make()));
        }
        self.0.as_mut().and_then(|engine| engine.downcast_mut()).expect("it was just made")
    }

    /// The engine, if it is of type `E`.
    pub fn peek<E: Any>(&self) -> Option<&E> {
        self.0.as_ref()?.downcast_ref()
    }
}

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "in use" } else { "unused" })
    }
}
