//! The host's processor as the judge: one instruction, with registers, flags, extended state and memory of our choice.
//!
//! An arena at a low address holds the instruction and the memory it works on, so that both lie where 32-bit code, and
//! 16-bit code of a segment that begins there, can reach them. [`enter`] loads everything and jumps to the instruction;
//! behind it stands a jump to [`leave`], which writes everything down. Code of other sizes is entered by a far jump: to
//! the kernel's 32-bit code segment, or to a 16-bit one that the local descriptor table gets for it.
//!
//! A signal of a faulting instruction ends in [`leave`], too. This is the one module of the test with `unsafe` in it.

#![allow(unsafe_code)]

use std::arch::naked_asm;
use std::mem::offset_of;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Where the arena begins.
pub const BASE: u64 = 0x2000_0000;
/// How large it is: what a 16-bit segment reaches.
pub const SIZE: usize = 0x1_0000;
/// Where the instruction lies in it.
pub const CODE: usize = 0x0800;
/// Where its memory lies, and how much is looked at.
pub const DATA: usize = 0x1400;
pub const DATA_BYTES: usize = 0x400;
/// How far behind its start a taken branch leads.
pub const BRANCH_DISTANCE: usize = 0x40;
/// The ways back from code that is not of 64 bits: on from the instruction, and from a taken branch.
const WAY_BACK: usize = 0x0100;
const WAY_BACK_TAKEN: usize = 0x0120;

/// The kernel's segments for user code of 64 and 32 bits, and for data.
const CODE_64: u16 = 0x33;
const CODE_32: u16 = 0x23;
const DATA_FLAT: u16 = 0x2B;
/// Ours, in the local descriptor table.
const CODE_16: u16 = 0x07;
const DATA_16: u16 = 0x0F;

/// Extended state as XSAVE has it, with the upper halves of the YMM registers where every processor has them.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Extended(pub [u8; 832]);

/// Everything that an instruction may read and write, but memory.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Registers {
    pub extended: Extended,
    pub general: [u64; 16],
    pub flags: u64,
}

impl Registers {
    pub const ZERO: Self = Self { extended: Extended([0; 832]), general: [0; 16], flags: 0 };
}

#[repr(C, align(64))]
struct Exchange {
    before: Registers,
    after: Registers,
    host_stack: u64,
    /// Where to jump: 32 bits of offset, then the selector.
    target: u64,
    data_selector: u64,
    mxcsr: u32,
    /// The exception that ended the instruction, or [`NONE`].
    exception: u32,
    running: u32,
    /// The instruction was a branch, and was taken.
    taken: u32,
}

const NONE: u32 = u32::MAX;

static mut EXCHANGE: Exchange = Exchange {
    before: Registers::ZERO,
    after: Registers::ZERO,
    host_stack: 0,
    target: 0,
    data_selector: 0,
    mxcsr: 0x1F80,
    exception: NONE,
    running: 0,
    taken: 0,
};

/// Loads everything and jumps to the instruction.
#[unsafe(naked)]
extern "C" fn enter() {
    naked_asm!(
        "push rbx; push rbp; push r12; push r13; push r14; push r15",
        "mov [rip + {x} + {host_stack}], rsp",
        "mov eax, 7",
        "xor edx, edx",
        "xrstor64 [rip + {x} + {before}]",
        "mov ecx, [rip + {x} + {data_selector}]",
        "mov ds, ecx",
        "mov es, ecx",
        "mov ss, ecx",
        "push qword ptr [rip + {x} + {before} + {flags}]",
        "popfq",
        "mov rax, [rip + {x} + {before} + {general} + 0x00]",
        "mov rcx, [rip + {x} + {before} + {general} + 0x08]",
        "mov rdx, [rip + {x} + {before} + {general} + 0x10]",
        "mov rbx, [rip + {x} + {before} + {general} + 0x18]",
        "mov rsp, [rip + {x} + {before} + {general} + 0x20]",
        "mov rbp, [rip + {x} + {before} + {general} + 0x28]",
        "mov rsi, [rip + {x} + {before} + {general} + 0x30]",
        "mov rdi, [rip + {x} + {before} + {general} + 0x38]",
        "mov r8,  [rip + {x} + {before} + {general} + 0x40]",
        "mov r9,  [rip + {x} + {before} + {general} + 0x48]",
        "mov r10, [rip + {x} + {before} + {general} + 0x50]",
        "mov r11, [rip + {x} + {before} + {general} + 0x58]",
        "mov r12, [rip + {x} + {before} + {general} + 0x60]",
        "mov r13, [rip + {x} + {before} + {general} + 0x68]",
        "mov r14, [rip + {x} + {before} + {general} + 0x70]",
        "mov r15, [rip + {x} + {before} + {general} + 0x78]",
        // A far jump by 32 bits of offset and a selector: the only form that every maker's processors have.
        ".byte 0xFF, 0x2D",
        ".long {x} + {target} - . - 4",
        x = sym EXCHANGE,
        host_stack = const offset_of!(Exchange, host_stack),
        before = const offset_of!(Exchange, before),
        flags = const offset_of!(Registers, flags),
        general = const offset_of!(Registers, general),
        target = const offset_of!(Exchange, target),
        data_selector = const offset_of!(Exchange, data_selector),
    )
}

/// Writes everything down and returns to [`enter`]'s caller.
#[unsafe(naked)]
extern "C" fn leave() {
    naked_asm!(
        "mov [rip + {x} + {after} + {general} + 0x20], rsp",
        "mov rsp, [rip + {x} + {host_stack}]",
        "mov [rip + {x} + {after} + {general} + 0x00], rax",
        "mov [rip + {x} + {after} + {general} + 0x08], rcx",
        "mov [rip + {x} + {after} + {general} + 0x10], rdx",
        "mov [rip + {x} + {after} + {general} + 0x18], rbx",
        "mov [rip + {x} + {after} + {general} + 0x28], rbp",
        "mov [rip + {x} + {after} + {general} + 0x30], rsi",
        "mov [rip + {x} + {after} + {general} + 0x38], rdi",
        "mov [rip + {x} + {after} + {general} + 0x40], r8",
        "mov [rip + {x} + {after} + {general} + 0x48], r9",
        "mov [rip + {x} + {after} + {general} + 0x50], r10",
        "mov [rip + {x} + {after} + {general} + 0x58], r11",
        "mov [rip + {x} + {after} + {general} + 0x60], r12",
        "mov [rip + {x} + {after} + {general} + 0x68], r13",
        "mov [rip + {x} + {after} + {general} + 0x70], r14",
        "mov [rip + {x} + {after} + {general} + 0x78], r15",
        // The stack segment first: the one of 16-bit code may not be what the stack needs.
        "mov ecx, {flat}",
        "mov ss, ecx",
        "pushfq",
        "pop qword ptr [rip + {x} + {after} + {flags}]",
        "cld",
        "xor ecx, ecx",
        "mov ds, ecx",
        "mov es, ecx",
        "mov eax, 7",
        "xor edx, edx",
        "xsave64 [rip + {x} + {after}]",
        "fninit",
        "vzeroupper",
        "ldmxcsr [rip + {x} + {mxcsr}]",
        "pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx",
        "ret",
        x = sym EXCHANGE,
        host_stack = const offset_of!(Exchange, host_stack),
        after = const offset_of!(Exchange, after),
        flags = const offset_of!(Registers, flags),
        general = const offset_of!(Registers, general),
        mxcsr = const offset_of!(Exchange, mxcsr),
        flat = const DATA_FLAT,
    )
}

/// [`leave`] after a branch that was taken.
#[unsafe(naked)]
extern "C" fn leave_taken() {
    naked_asm!(
        "mov dword ptr [rip + {x} + {taken}], 1",
        "jmp {leave}",
        x = sym EXCHANGE,
        taken = const offset_of!(Exchange, taken),
        leave = sym leave,
    )
}

/// Ends a faulting instruction: notes the exception, and goes on at [`leave`].
extern "C" fn on_signal(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid context; while `running` is set, this thread alone uses the exchange.
    unsafe {
        let exchange = &raw mut EXCHANGE;
        if (*exchange).running == 0 {
            libc::abort();
        }
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        (*exchange).exception = registers[libc::REG_TRAPNO as usize] as u32;
        registers[libc::REG_RIP as usize] = leave as *const () as i64;
        let selectors = u64::from(CODE_64) | u64::from(DATA_FLAT) << 48;
        registers[libc::REG_CSGSFS as usize] = selectors as i64;
        // Without TF and AC the handler's way out cannot fault again.
        registers[libc::REG_EFL as usize] &= !0x4_0100;
    }
}

/// The size of an instruction's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Bits16,
    Bits32,
    Bits64,
}

impl Size {
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits16 => 16,
            Self::Bits32 => 32,
            Self::Bits64 => 64,
        }
    }

    /// What is subtracted from a linear address for an offset.
    pub const fn segment_base(self) -> u64 {
        if matches!(self, Self::Bits16) { BASE } else { 0 }
    }
}

/// What the host left.
pub struct Left {
    pub registers: Registers,
    pub exception: Option<u8>,
    /// The instruction was a branch, and was taken.
    pub taken: bool,
}

/// The host's processor, ready to execute. There is one.
pub struct Host {
    arena: *mut u8,
    pub has_16_bit_code: bool,
}

// SAFETY: the arena is memory of the whole process, and the mutex around the host lets one thread at a time use it.
unsafe impl Send for Host {}

/// Takes the host's processor for this thread; `None` where it lacks what the test stands on.
pub fn host() -> Option<MutexGuard<'static, Host>> {
    static HOST: OnceLock<Option<Mutex<Host>>> = OnceLock::new();
    let has_all = is_x86_feature_detected!("xsave") && is_x86_feature_detected!("avx");
    let host = HOST.get_or_init(|| has_all.then(|| Mutex::new(Host::new()))).as_ref()?;
    let host = host.lock().unwrap_or_else(PoisonError::into_inner);
    take_signals();
    Some(host)
}

/// Has faults of this thread handled, on a stack of their own: the instruction's may point anywhere.
fn take_signals() {
    const STACK: usize = 0x1_0000;
    // SAFETY: the alternative stack lives as long as the process; the handler touches only what it may.
    unsafe {
        let stack = Box::leak(vec![0_u8; STACK].into_boxed_slice()).as_mut_ptr();
        let stack = libc::stack_t { ss_sp: stack.cast(), ss_flags: 0, ss_size: STACK };
        assert_eq!(libc::sigaltstack(&raw const stack, std::ptr::null_mut()), 0);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP] {
            assert_eq!(libc::sigaction(signal, &raw const action, std::ptr::null_mut()), 0);
        }
    }
}

/// The kernel's `struct user_desc` (arch/x86/include/uapi/asm/ldt.h).
#[repr(C)]
struct UserDescriptor {
    entry: u32,
    base: u32,
    limit: u32,
    /// 32-bit, contents (2), read only, limit in pages, not present, usable.
    bits: u32,
}

/// Makes the segments of 16-bit code. Gives whether the kernel lets us.
fn make_16_bit_segments() -> bool {
    const CONTENTS_CODE: u32 = 2 << 1;
    let make = |entry, contents| {
        let descriptor = UserDescriptor { entry, base: BASE as u32, limit: SIZE as u32 - 1, bits: contents };
        // SAFETY: the descriptor is read only, and is as large as it says.
        unsafe {
            libc::syscall(libc::SYS_modify_ldt, 0x11, &raw const descriptor, size_of_val(&descriptor)) == 0
        }
    };
    make(0, CONTENTS_CODE) && make(1, 0)
}

impl Host {
    fn new() -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        let rights = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        // SAFETY: a new mapping, which replaces none.
        let arena = unsafe { libc::mmap(BASE as *mut _, SIZE, rights, flags, -1, 0) };
        assert_eq!(arena as u64, BASE, "the host has no room at the arena's address");
        let mut host = Self { arena: arena.cast(), has_16_bit_code: make_16_bit_segments() };
        host.write(WAY_BACK, &jump_64(leave as *const () as u64));
        host.write(WAY_BACK_TAKEN, &jump_64(leave_taken as *const () as u64));
        host
    }

    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= SIZE);
        // SAFETY: within the arena, which nobody else uses.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.arena.add(at), bytes.len()) }
    }

    pub fn read(&self, at: usize, bytes: &mut [u8]) {
        assert!(at + bytes.len() <= SIZE);
        // SAFETY: as in `write`.
        unsafe { std::ptr::copy_nonoverlapping(self.arena.add(at), bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Executes one instruction.
    pub fn run(&mut self, size: Size, code: &[u8], before: &Registers) -> Left {
        self.write(CODE, code);
        self.write(CODE + code.len(), &way_back(size, false));
        self.write(CODE + BRANCH_DISTANCE, &way_back(size, true));
        let (selector, data) = match size {
            Size::Bits64 => (CODE_64, DATA_FLAT),
            Size::Bits32 => (CODE_32, DATA_FLAT),
            Size::Bits16 => (CODE_16, DATA_16),
        };
        // SAFETY: the caller of this has the only `Host`, and so the exchange; `enter` comes back by `leave`, with all
        // that the calling convention keeps.
        unsafe {
            let exchange = &raw mut EXCHANGE;
            (*exchange).before = *before;
            (*exchange).target = (BASE + CODE as u64 - size.segment_base()) | u64::from(selector) << 32;
            (*exchange).data_selector = data.into();
            (*exchange).exception = NONE;
            (*exchange).running = 1;
            (*exchange).taken = 0;
            std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
            std::arch::asm!(
                "call {enter}", enter = sym enter,
                clobber_abi("C"),
            );
            (*exchange).running = 0;
            let exception = (*exchange).exception;
            Left {
                registers: (*exchange).after,
                exception: (exception != NONE).then_some(exception as u8),
                taken: (*exchange).taken != 0,
            }
        }
    }
}

/// JMP to an address, for 64-bit code: by way of eight bytes behind it.
fn jump_64(to: u64) -> [u8; 14] {
    let mut code = [0xFF, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    code[6..].copy_from_slice(&to.to_le_bytes());
    code
}

/// What stands behind the instruction, or where a branch leads.
fn way_back(size: Size, taken: bool) -> Vec<u8> {
    let offset = BASE as u32 + if taken { WAY_BACK_TAKEN } else { WAY_BACK } as u32;
    let offset = offset.to_le_bytes();
    let leave = if taken { leave_taken as *const () } else { leave as *const () };
    let selector = CODE_64.to_le_bytes();
    let far = [&[0xEA][..], &offset, &selector].concat();
    match size {
        Size::Bits64 => jump_64(leave as u64).to_vec(),
        Size::Bits32 => far,
        Size::Bits16 => [&[0x66][..], &far].concat(),
    }
}
