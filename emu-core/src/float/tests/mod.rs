//! What the arithmetic is compared with: the host's processor, independent libraries, and known answers. (The 68881's
//! vectors are in `emu-core/tests/m68k_float.rs`.)

mod host;
mod known;
mod library;
mod quick;
mod transcendental;
mod values;

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(unsafe_code)]
mod silicon;
