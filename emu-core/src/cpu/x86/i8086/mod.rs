//! The 8086 and 8088.
