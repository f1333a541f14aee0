//! What the arithmetic is compared with: the specifications' own numbers, the host's processor, an independent
//! library, and the vectors of the 68881's maker.

mod transcendental;
mod values;

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(unsafe_code)]
mod silicon;
