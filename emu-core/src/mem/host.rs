//! Host memory that holds a guest's: reserved whole, zeroed, committed by the host page by page on first touch.
//!
//! vCPUs race on guest memory as real processors do, so every access goes through one primitive, [`Scalar`]: an atomic where
//! the address is aligned, whose loads acquire and whose stores release, so that no host reorders more than an x86 does.
//! Where it is not aligned, x86-64 hosts use one plain `mov` in inline assembly, which is as atomic as the guest's own would
//! be; other hosts go byte by byte, which may tear.

#[cfg(all(target_os = "linux", not(miri)))]
use memmap2::Advice;
use memmap2::{MmapOptions, MmapRaw};
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An integer that guest memory can hold: `u8`, `u16`, `u32` or `u64`.
pub trait Scalar: Raw + Copy + Eq + std::fmt::Debug + TryFrom<u64> + Into<u64> + Send + 'static {
    const BYTES: u64 = size_of::<Self>() as u64;
}

/// How a scalar moves; apart from [`Scalar`] so that nobody else can implement it or call it.
pub trait Raw: Sized {
    /// # Safety
    /// `at` points to the scalar's bytes in live memory that is only ever accessed through this trait or atomics.
    unsafe fn load(at: *mut u8) -> Self;

    /// # Safety
    /// As for [`Self::load`].
    unsafe fn store(at: *mut u8, value: Self);

    /// Stores `new` where `old` is, as one access, in order with all others. `Err` has what is there instead.
    ///
    /// # Safety
    /// As for [`Self::load`].
    unsafe fn exchange(at: *mut u8, old: Self, new: Self) -> Result<(), Self>;
}

impl Scalar for u8 {}
impl Scalar for u16 {}
impl Scalar for u32 {}
impl Scalar for u64 {}

/// The form that any host has: atomics, byte by byte where the address is not aligned.
#[cfg_attr(all(target_arch = "x86_64", not(miri)), allow(dead_code, reason = "tested on every host"))]
mod portable {
    use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};
    use std::sync::atomic::{Ordering::Acquire, Ordering::Release, Ordering::SeqCst, fence};

    macro_rules! portable {
        ($load:ident, $store:ident, $exchange:ident, $int:ty, $atomic:ty) => {
            /// One access where the address is aligned, else a load and a store.
            ///
            /// # Safety
            /// As for [`super::Raw::load`].
            #[inline(always)]
            pub unsafe fn $exchange(at: *mut u8, old: $int, new: $int) -> Result<(), $int> {
                if at.addr() % align_of::<$atomic>() == 0 {
                    // SAFETY: the caller vouches for the bytes, and the alignment was just tested.
                    let atomic = unsafe { <$atomic>::from_ptr(at.cast()) };
                    return atomic.compare_exchange(old, new, SeqCst, SeqCst).map(drop);
                }
                fence(SeqCst);
                // SAFETY: the caller vouches for the bytes.
                let found = unsafe { $load(at) };
                if found != old {
                    return Err(found);
                }
                // SAFETY: as above.
                unsafe { $store(at, new) };
                fence(SeqCst);
                Ok(())
            }

            /// # Safety
            /// As for [`super::Raw::load`].
            #[inline(always)]
            pub unsafe fn $load(at: *mut u8) -> $int {
                if at.addr() % align_of::<$atomic>() == 0 {
                    // SAFETY: the caller vouches for the bytes, and the alignment was just tested.
                    return unsafe { <$atomic>::from_ptr(at.cast()) }.load(Acquire);
                }
                <$int>::from_ne_bytes(std::array::from_fn(|i| {
                    // SAFETY: `i` is within the scalar, whose bytes the caller vouches for.
                    unsafe { AtomicU8::from_ptr(at.add(i)) }.load(Acquire)
                }))
            }

            /// # Safety
            /// As for [`super::Raw::store`].
            #[inline(always)]
            pub unsafe fn $store(at: *mut u8, value: $int) {
                if at.addr() % align_of::<$atomic>() == 0 {
                    // SAFETY: the caller vouches for the bytes, and the alignment was just tested.
                    return unsafe { <$atomic>::from_ptr(at.cast()) }.store(value, Release);
                }
                for (i, byte) in value.to_ne_bytes().into_iter().enumerate() {
                    // SAFETY: `i` is within the scalar, whose bytes the caller vouches for.
                    unsafe { AtomicU8::from_ptr(at.add(i)) }.store(byte, Release);
                }
            }
        };
    }

    portable!(load_u8, store_u8, exchange_u8, u8, AtomicU8);
    portable!(load_u16, store_u16, exchange_u16, u16, AtomicU16);
    portable!(load_u32, store_u32, exchange_u32, u32, AtomicU32);
    portable!(load_u64, store_u64, exchange_u64, u64, AtomicU64);
}

/// x86-64 moves any scalar at any address with one instruction, atomically within a cache line.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86_64 {
    use std::arch::asm;

    macro_rules! one_instruction {
        ($load:ident, $store:ident, $exchange:ident, $int:ty, $size:literal, $load_with:literal, $into:literal,
         $from:literal) => {
            /// # Safety
            /// As for [`super::Raw::load`].
            #[inline(always)]
            pub unsafe fn $exchange(at: *mut u8, old: $int, new: $int) -> Result<(), $int> {
                let found: u64;
                // SAFETY: reads and writes the scalar's bytes, which the caller vouches for, and touches nothing else.
                unsafe {
                    asm!(concat!("lock cmpxchg ", $size, " ptr [{at}], {new", $from, "}"),
                        at = in(reg) at, new = in(reg) u64::from(new),
                        inlateout("rax") u64::from(old) => found, options(nostack));
                }
                if found as $int == old { Ok(()) } else { Err(found as $int) }
            }

            /// # Safety
            /// As for [`super::Raw::load`].
            #[inline(always)]
            pub unsafe fn $load(at: *mut u8) -> $int {
                let value: u64;
                // SAFETY: reads the scalar's bytes, which the caller vouches for, and touches nothing else.
                unsafe {
                    asm!(concat!($load_with, " {value", $into, "}, ", $size, " ptr [{at}]"),
                        at = in(reg) at, value = lateout(reg) value,
                        options(nostack, preserves_flags, readonly));
                }
                value as $int
            }

            /// # Safety
            /// As for [`super::Raw::store`].
            #[inline(always)]
            pub unsafe fn $store(at: *mut u8, value: $int) {
                // SAFETY: writes the scalar's bytes, which the caller vouches for, and touches nothing else.
                unsafe {
                    asm!(concat!("mov ", $size, " ptr [{at}], {value", $from, "}"),
                        at = in(reg) at, value = in(reg) u64::from(value),
                        options(nostack, preserves_flags));
                }
            }
        };
    }

    one_instruction!(load_u16, store_u16, exchange_u16, u16, "word", "movzx", ":e", ":x");
    one_instruction!(load_u32, store_u32, exchange_u32, u32, "dword", "mov", ":e", ":e");
    one_instruction!(load_u64, store_u64, exchange_u64, u64, "qword", "mov", "", "");
}

macro_rules! scalar {
    ($int:ty, $module:ident, $load:ident, $store:ident, $exchange:ident) => {
        impl Raw for $int {
            #[inline(always)]
            unsafe fn load(at: *mut u8) -> Self {
                // SAFETY: the caller keeps the trait's contract, which is the function's.
                unsafe { $module::$load(at) }
            }

            #[inline(always)]
            unsafe fn store(at: *mut u8, value: Self) {
                // SAFETY: the caller keeps the trait's contract, which is the function's.
                unsafe { $module::$store(at, value) }
            }

            #[inline(always)]
            unsafe fn exchange(at: *mut u8, old: Self, new: Self) -> Result<(), Self> {
                // SAFETY: the caller keeps the trait's contract, which is the function's.
                unsafe { $module::$exchange(at, old, new) }
            }
        }
    };
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use portable as wide;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use x86_64 as wide;

/// Stores `new` where `old` is, 16 bytes at a multiple of 16, as one access, in order with all others. `Err` has what is there
/// instead.
///
/// # Safety
/// As for [`Raw::load`], of 16 bytes.
pub unsafe fn exchange_block(at: *mut u8, old: u128, new: u128) -> Result<(), u128> {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if is_x86_feature_detected!("cmpxchg16b") {
        let (low, high): (u64, u64);
        // SAFETY: reads and writes the 16 bytes, which the caller vouches for, and touches nothing else; RBX, which the
        // compiler keeps to itself, is as it was.
        unsafe {
            std::arch::asm!("xchg {spare}, rbx", "lock cmpxchg16b xmmword ptr [{at}]", "mov rbx, {spare}",
                at = in(reg) at, spare = inout(reg) new as u64 => _, in("rcx") (new >> 64) as u64,
                inout("rax") old as u64 => low, inout("rdx") (old >> 64) as u64 => high, options(nostack));
        }
        let found = u128::from(high) << 64 | u128::from(low);
        return if found == old { Ok(()) } else { Err(found) };
    }
    let _one_at_a_time = split_access();
    // SAFETY: the caller's promise.
    unsafe {
        let found = u128::from(u64::load(at.add(8))) << 64 | u128::from(u64::load(at));
        if found != old {
            return Err(found);
        }
        u64::store(at, new as u64);
        u64::store(at.add(8), (new >> 64) as u64);
    }
    Ok(())
}

/// What no host has as one access is made in two by whoever holds this: one vCPU at a time.
pub fn split_access() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

scalar!(u8, portable, load_u8, store_u8, exchange_u8);
scalar!(u16, wide, load_u16, store_u16, exchange_u16);
scalar!(u32, wide, load_u32, store_u32, exchange_u32);
scalar!(u64, wide, load_u64, store_u64, exchange_u64);

/// From this size on, memory asks for the host's larger pages: a guest that reaches all over it misses the host's TLB less
/// often. Below, what they commit at once would be much of the whole.
#[cfg(all(target_os = "linux", not(miri)))]
const LARGE: usize = 32 << 20;

/// A zeroed run of host memory that starts on a page.
#[derive(Debug)]
pub struct HostMemory {
    map: MmapRaw,
}

impl HostMemory {
    /// Reserves `bytes`, at least one. The host commits what is touched.
    pub fn reserve(bytes: usize) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        options.len(bytes.max(1));
        #[cfg(not(miri))]
        options.no_reserve_swap();
        let map: MmapRaw = options.map_anon()?.into();
        #[cfg(all(target_os = "linux", not(miri)))]
        if bytes >= LARGE {
            // A host without larger pages, or that gives none away, says so; then there are small ones.
            let _ = map.advise(Advice::HugePage);
        }
        Ok(Self { map })
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// The first byte. Whoever uses the pointer keeps the memory alive and stays within [`Self::len`].
    #[inline(always)]
    pub fn base(&self) -> *mut u8 {
        self.map.as_mut_ptr()
    }

    /// Loads the scalar whose lowest host byte is number `index`.
    ///
    /// # Panics
    /// When it does not lie whole within the memory; callers have checked the guest's offset before.
    #[inline]
    pub fn load<T: Scalar>(&self, index: usize) -> T {
        self.check::<T>(index);
        // SAFETY: the range was just checked, `self` keeps it alive, and nobody makes references into it.
        unsafe { T::load(self.base().add(index)) }
    }

    /// Stores the scalar whose lowest host byte is number `index`.
    ///
    /// # Panics
    /// As [`Self::load`].
    #[inline]
    pub fn store<T: Scalar>(&self, index: usize, value: T) {
        self.check::<T>(index);
        // SAFETY: as for `load`.
        unsafe { T::store(self.base().add(index), value) }
    }

    /// Puts `new` where `old` is, in one step that nobody can come between if the scalar is aligned. Gives whether it
    /// was there.
    ///
    /// # Panics
    /// As [`Self::load`].
    pub fn compare_exchange<T: Scalar>(&self, index: usize, old: T, new: T) -> bool {
        self.check::<T>(index);
        let at = self.base().wrapping_add(index);
        if !index.is_multiple_of(size_of::<T>()) {
            let same = self.load::<T>(index) == old;
            if same {
                self.store(index, new);
            }
            return same;
        }
        let (old, new): (u64, u64) = (old.into(), new.into());
        // SAFETY: the range was just checked and is aligned, because the base lies on a page; it is only ever accessed
        // through atomics and the primitive, and `self` keeps it alive.
        unsafe {
            match T::BYTES {
                1 => AtomicU8::from_ptr(at).compare_exchange(old as u8, new as u8, SeqCst, SeqCst).is_ok(),
                2 => AtomicU16::from_ptr(at.cast())
                    .compare_exchange(old as u16, new as u16, SeqCst, SeqCst)
                    .is_ok(),
                4 => AtomicU32::from_ptr(at.cast())
                    .compare_exchange(old as u32, new as u32, SeqCst, SeqCst)
                    .is_ok(),
                _ => AtomicU64::from_ptr(at.cast()).compare_exchange(old, new, SeqCst, SeqCst).is_ok(),
            }
        }
    }

    /// Puts `new` where `old` is, in one step that nobody can come between (on hosts other than x86-64, if the scalar is
    /// aligned).
    ///
    /// # Errors
    /// With what is there instead.
    ///
    /// # Panics
    /// As [`Self::load`].
    pub fn exchange<T: Scalar>(&self, index: usize, old: T, new: T) -> Result<(), T> {
        self.check::<T>(index);
        // SAFETY: as for `load`.
        unsafe { T::exchange(self.base().add(index), old, new) }
    }

    /// As [`Self::exchange`], of 16 bytes at a multiple of 16.
    ///
    /// # Errors
    /// With what is there instead.
    ///
    /// # Panics
    /// As [`Self::load`].
    pub fn exchange_block(&self, index: usize, old: u128, new: u128) -> Result<(), u128> {
        let fits = index.is_multiple_of(16) && index.checked_add(16).is_some_and(|end| end <= self.len());
        assert!(fits, "host memory is accessed within its bounds");
        // SAFETY: the range was just checked, and `self` keeps it alive.
        unsafe { exchange_block(self.base().add(index), old, new) }
    }

    /// Word number `index` of memory that is used as a bit set.
    ///
    /// # Panics
    /// When there is no such word.
    #[inline]
    pub fn word(&self, index: usize) -> &AtomicU64 {
        let at = index * size_of::<u64>();
        self.check::<u64>(at);
        // SAFETY: in range, aligned because the base lies on a page, and only accessed atomically.
        unsafe { AtomicU64::from_ptr(self.base().add(at).cast()) }
    }

    #[inline]
    fn check<T: Scalar>(&self, index: usize) {
        let fits = index.checked_add(size_of::<T>()).is_some_and(|end| end <= self.len());
        assert!(fits, "host memory is accessed within its bounds");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_forms_of_the_primitive_agree(at in 0usize..64, value: u64) {
            let memory = HostMemory::reserve(128).expect("128 bytes");
            let pointer = memory.base().wrapping_add(at);
            // SAFETY: 64 bytes and the widest scalar lie within the 128.
            unsafe {
                portable::store_u64(pointer, value);
                prop_assert_eq!(memory.load::<u64>(at), value);
                prop_assert_eq!(portable::load_u32(pointer), memory.load::<u32>(at));
                prop_assert_eq!(portable::load_u16(pointer), memory.load::<u16>(at));
                memory.store(at, value as u16);
                prop_assert_eq!(portable::load_u16(pointer), value as u16);
                memory.store(at, value as u32);
                prop_assert_eq!(portable::load_u32(pointer), value as u32);
                memory.store(at, !value);
                prop_assert_eq!(portable::load_u64(pointer), !value);
                portable::store_u16(pointer, 0x1234);
                portable::store_u32(pointer.wrapping_add(8), 0x1234_5678);
                prop_assert_eq!(memory.load::<u16>(at), 0x1234);
                prop_assert_eq!(memory.load::<u32>(at + 8), 0x1234_5678);
            }
        }
    }

    proptest! {
        #[test]
        fn an_exchange_needs_what_was_expected(at in 0usize..64, old: u64, new: u64, other: u64) {
            let memory = HostMemory::reserve(128).expect("128 bytes");
            let pointer = memory.base().wrapping_add(at);
            for exchange in [u64::exchange, portable::exchange_u64] {
                memory.store(at, old);
                // SAFETY: 64 bytes and the widest scalar lie within the 128.
                let (met, missed) = unsafe { (exchange(pointer, old, new), exchange(pointer, !new, other)) };
                prop_assert_eq!((met, missed), (Ok(()), Err(new)));
                prop_assert_eq!(memory.load::<u64>(at), new);
            }
            memory.store(at, old as u16);
            // SAFETY: as above.
            let met = unsafe { u16::exchange(pointer, old as u16, new as u16) };
            prop_assert_eq!(met, Ok(()));
            prop_assert_eq!(memory.load::<u16>(at), new as u16);
        }
    }

    fn count(memory: &HostMemory, at: usize) {
        let mut found = memory.load::<u32>(at);
        loop {
            // SAFETY: the place lies within the page.
            match unsafe { u32::exchange(memory.base().wrapping_add(at), found, found + 1) } {
                Ok(()) => return,
                Err(now) => found = now,
            }
        }
    }

    /// Four threads count in one place, which may lie across a cache line where the host has an instruction for that.
    #[test]
    fn locked_counts_lose_nothing() {
        let memory = HostMemory::reserve(4096).expect("a page");
        let places: &[usize] = if cfg!(target_arch = "x86_64") { &[64, 61] } else { &[64] };
        for &at in places {
            memory.store(at, 0u32);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..5_000 {
                            count(&memory, at);
                        }
                    });
                }
            });
            assert_eq!(memory.load::<u32>(at), 20_000, "at {at}");
        }
    }

    #[test]
    #[should_panic(expected = "within its bounds")]
    fn a_scalar_over_the_end_is_refused() {
        let memory = HostMemory::reserve(4096).expect("a page");
        memory.load::<u16>(memory.len() - 1);
    }
}
