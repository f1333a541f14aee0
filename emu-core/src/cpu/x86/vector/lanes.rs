//! Blocks of 128 bits as lanes of a width: what makes an operation on numbers one on vectors.

/// A number that a block holds several of, the first in its lowest bits.
pub trait Lane: Copy {
    const BYTES: usize;

    fn take(bytes: &[u8; 16], i: usize) -> Self;
    fn put(self, bytes: &mut [u8; 16], i: usize);

    /// The lowest lane of a block.
    #[inline(always)]
    fn low(block: u128) -> Self {
        Self::take(&block.to_le_bytes(), 0)
    }

    /// A block with this lane alone, the lowest.
    #[inline(always)]
    fn alone(self) -> u128 {
        let mut bytes = [0; 16];
        self.put(&mut bytes, 0);
        u128::from_le_bytes(bytes)
    }
}

macro_rules! lane {
    ($($number:ty)*) => {$(
        impl Lane for $number {
            const BYTES: usize = size_of::<$number>();

            // Neither copied as slices nor iterated over: where that is checked or not inlined, a handler lends a variable, and
            // ends in no jump.
            #[inline(always)]
            #[allow(clippy::needless_range_loop, reason = "as above")]
            fn take(bytes: &[u8; 16], i: usize) -> Self {
                let mut value = [0; Self::BYTES];
                for byte in 0..Self::BYTES {
                    value[byte] = bytes[i * Self::BYTES + byte];
                }
                Self::from_le_bytes(value)
            }

            #[inline(always)]
            #[allow(clippy::needless_range_loop, reason = "as above")]
            fn put(self, bytes: &mut [u8; 16], i: usize) {
                let value = self.to_le_bytes();
                for byte in 0..Self::BYTES {
                    bytes[i * Self::BYTES + byte] = value[byte];
                }
            }

            #[inline(always)]
            fn low(block: u128) -> Self {
                block as Self
            }

            #[inline(always)]
            fn alone(self) -> u128 {
                self as u128 & (u128::MAX >> (128 - 8 * Self::BYTES))
            }
        }
    )*};
}

lane! { u8 i8 u16 i16 u32 i32 u64 i64 }

/// How many lanes of a kind a block has.
pub const fn count<T: Lane>() -> usize {
    16 / T::BYTES
}

/// One lane.
#[inline(always)]
pub fn lane<T: Lane>(block: u128, i: usize) -> T {
    T::low(block >> (8 * T::BYTES * i))
}

/// A block with one lane replaced.
#[inline(always)]
pub fn with_lane<T: Lane>(block: u128, i: usize, value: T) -> u128 {
    let (at, lane) = (8 * T::BYTES * i, u128::MAX >> (128 - 8 * T::BYTES));
    block & !(lane << at) | value.alone() << at
}

/// A block whose lanes `f` gives, by their numbers.
#[inline(always)]
pub fn from_lanes<T: Lane>(mut f: impl FnMut(usize) -> T) -> u128 {
    let mut bytes = [0; 16];
    for i in 0..count::<T>() {
        f(i).put(&mut bytes, i);
    }
    u128::from_le_bytes(bytes)
}

/// Every lane changed.
#[inline(always)]
pub fn map<T: Lane>(a: u128, mut f: impl FnMut(T) -> T) -> u128 {
    let a = a.to_le_bytes();
    from_lanes(|i| f(T::take(&a, i)))
}

/// Every lane of `a` combined with its counterpart.
#[inline(always)]
pub fn map2<T: Lane>(a: u128, b: u128, mut f: impl FnMut(T, T) -> T) -> u128 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    from_lanes(|i| f(T::take(&a, i), T::take(&b, i)))
}

/// Every lane of three combined.
#[inline(always)]
pub fn map3<T: Lane>(a: u128, b: u128, c: u128, mut f: impl FnMut(T, T, T) -> T) -> u128 {
    let (a, b, c) = (a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes());
    from_lanes(|i| f(T::take(&a, i), T::take(&b, i), T::take(&c, i)))
}

/// The lowest lanes of `a`, converted to as many as fit; where `a` has too few, zeros.
#[inline(always)]
pub fn convert<T: Lane, U: Lane + Default>(a: u128, mut f: impl FnMut(T) -> U) -> u128 {
    let a = a.to_le_bytes();
    from_lanes(|i| if i < count::<T>() { f(T::take(&a, i)) } else { U::default() })
}

/// Neighbouring pairs combined, those of `a` first: horizontal operations.
#[inline(always)]
pub fn pairs<T: Lane>(a: u128, b: u128, mut f: impl FnMut(T, T) -> T) -> u128 {
    let half = count::<T>() / 2;
    from_lanes(|i| {
        let (source, i) = if i < half { (a, i) } else { (b, i - half) };
        f(lane(source, 2 * i), lane(source, 2 * i + 1))
    })
}

/// The top bit of every lane, the first lane's lowest.
#[inline(always)]
pub fn sign_mask<T: Lane>(a: u128) -> u64 {
    let bytes = a.to_le_bytes();
    (0..count::<T>()).fold(0, |mask, i| mask | u64::from(bytes[(i + 1) * T::BYTES - 1] >> 7) << i)
}

/// All ones for what holds.
macro_rules! truth {
    ($number:ty, $holds:expr) => {
        if $holds { !0 as $number } else { 0 }
    };
}
pub(crate) use truth;
