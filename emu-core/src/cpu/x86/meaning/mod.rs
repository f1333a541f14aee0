//! The meanings of the instructions that guests spend their time in, each written once over any
//! [`Backend`](super::backend::Backend).

pub mod arithmetic;
pub mod bits;
pub mod flow;
pub mod transfer;
pub mod vector;
