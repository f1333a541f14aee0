//! The executing backend of the threaded engine: what it needs is in the registers and in the software TLB, or it stops
//! without having changed anything.

use super::backend::Meaning;
use super::checked::is_canonical;
use super::executing::{Executing, Plain, Quick};
use super::meaning::flow::JumpIf;
use super::operands::{OffsetSize, Operands, Repeat};
use super::routine::string::{Moved, StringInstruction};
use super::routine::x87;
use super::state::{State, reg, seg};
use super::watched::watched;
use crate::addr::Linear;
use crate::cpu::describe::CodeAddress;
use crate::cpu::engine::cache::Flow;
use crate::cpu::engine::op::watched::{Tells, telling};
use crate::cpu::engine::op::{self, Family, Missed, OpRef, Operation, Outcome, Target};
use crate::cpu::engine::tuning::Tuning;
use crate::cpu::int::Int;
use crate::mem::{LittleGuest, Opened, Table, Ways};
use std::marker::PhantomData;

/// The x86 family, to the engine.
pub enum X86Family {}

impl Family for X86Family {
    type State = State;
    type Operands = Operands;
    type Order = LittleGuest;

    #[inline]
    fn code_address(state: &State, address: u64) -> CodeAddress {
        state.code_address(address)
    }

    fn telling(whom: Tells) -> Handler {
        telling(whom)
    }
}

impl Target for Operands {
    fn of(address: u64) -> Self {
        Self { immediate: address, ..Self::default() }
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.immediate
    }

    fn put_number(&mut self, number: u64) {
        self.immediate = number;
    }
}

pub type Handler = op::Handler<X86Family>;

/// How a handler finds memory: what is known of the mode and of the operand when it is chosen.
pub trait Addressing: 'static {
    const KIND: Kind;
}

/// What a mode promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: each access is checked against its segment.
    #[default]
    Segmented,
    /// ES, CS, SS and DS are all of 32-bit memory, and so is the stack's pointer.
    Flat,
    /// 64-bit mode.
    Long,
    /// As `Long`, and the operand is relative to RIP.
    LongRelative,
}

impl Kind {
    /// What handlers are to know of the mode.
    pub const fn tuned(self, tuning: &Tuning) -> Self {
        match self {
            Self::Flat if !tuning.split => Self::Segmented,
            kind => kind,
        }
    }

    /// The linear address of an access of `bytes`, if its segment admits it.
    #[inline(always)]
    pub(super) fn linear(
        self,
        s: &State,
        segment: u8,
        offset: u64,
        bytes: u64,
        writes: bool,
    ) -> Option<Linear> {
        match self {
            Self::Flat => Some(Linear(offset)),
            Self::Long | Self::LongRelative if segment < seg::FS => Some(Linear(offset)),
            Self::Long | Self::LongRelative => Some(Linear(s.segment(segment).base.wrapping_add(offset))),
            Self::Segmented => {
                let part = s.segment(segment);
                part.admits(offset, bytes, writes).then(|| part.linear(offset))
            }
        }
    }

    /// The instruction pointer behind a trace that ends at `end`.
    #[inline(always)]
    pub(super) const fn next_offset(self, end: u64) -> u64 {
        match self {
            // No trace goes on to where an instruction pointer of 16 bits wraps.
            Self::Segmented | Self::Flat => end & 0xFFFF_FFFF,
            Self::Long | Self::LongRelative => end,
        }
    }

    /// Whether a near branch may lead to `to`.
    #[inline(always)]
    pub(super) fn admits_target(self, s: &State, to: u64) -> bool {
        match self {
            Self::Flat => true,
            Self::Long | Self::LongRelative => is_canonical(to, 1),
            Self::Segmented => to <= u64::from(s.segment(seg::CS).limit),
        }
    }

    /// The bits that a stack pointer has.
    #[inline(always)]
    pub(super) fn stack_mask(self, s: &State) -> u64 {
        match self {
            Self::Flat => 0xFFFF_FFFF,
            Self::Long | Self::LongRelative => u64::MAX,
            Self::Segmented => s.segment(seg::SS).offset_mask(),
        }
    }
}

macro_rules! addressing {
    ($($name:ident)*) => {$(
        pub enum $name {}

        impl Addressing for $name {
            const KIND: Kind = Kind::$name;
        }
    )*};
}

addressing!(Segmented Flat Long LongRelative);

/// Why an operation cannot be done here.
#[derive(Clone, Copy, Debug)]
pub enum Miss {
    /// It needs the checked backend.
    Unusual,
    /// It may be tried again once the TLB has an entry for this access.
    Page(Missed),
}

impl Miss {
    /// The TLB does not serve an access of `bytes`.
    #[inline(always)]
    pub(super) fn of(table: Table, at: Linear, bytes: u64) -> Self {
        Missed::new(table, at, bytes).map_or(Self::Unusual, Self::Page)
    }

    #[inline(always)]
    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Unusual => Outcome::Leave,
            Self::Page(missed) => Outcome::Missed(missed),
        }
    }
}

/// One instruction in execution.
struct Fast<'a, A> {
    s: &'a mut State,
    ways: &'a Ways<LittleGuest>,
    op: OpRef<'a, X86Family>,
    /// Where it jumps to, if it does.
    target: Option<u64>,
    addressing: PhantomData<A>,
}

impl<A: Addressing> Fast<'_, A> {
    #[inline(always)]
    fn linear<T: Int>(&self, segment: u8, offset: u64, writes: bool) -> Result<Linear, Miss> {
        A::KIND.linear(self.s, segment, offset, T::BYTES, writes).ok_or(Miss::Unusual)
    }

    /// As [`Self::linear`], of 16 bytes.
    #[inline(always)]
    fn linear_block(&self, segment: u8, offset: u64, writes: bool) -> Result<Linear, Miss> {
        if A::KIND == Kind::Segmented {
            self.linear::<u64>(segment, offset.wrapping_add(8), writes)?;
        }
        self.linear::<u64>(segment, offset, writes)
    }
}

impl<'a, A: Addressing> Executing for Fast<'a, A> {
    type Place<T: Int> = Opened<'a, T>;
    type Trouble = Miss;

    const DIVIDE_ERROR: Miss = Miss::Unusual;
    const INVALID_OPCODE: Miss = Miss::Unusual;
    const NOT_AVAILABLE: Miss = Miss::Unusual;
    const MISALIGNED: Miss = Miss::Unusual;
    const VECTOR_ERROR: Miss = Miss::Unusual;

    #[inline(always)]
    fn state(&mut self) -> &mut State {
        self.s
    }

    #[inline(always)]
    fn load_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<T, Miss> {
        let at = self.linear::<T>(segment, offset, false)?;
        self.ways.read(at).ok_or_else(|| Miss::of(Table::Read, at, T::BYTES))
    }

    #[inline(always)]
    fn store_memory<T: Int>(&mut self, segment: u8, offset: u64, value: T) -> Result<(), Miss> {
        let at = self.linear::<T>(segment, offset, true)?;
        self.ways.write(at, value).ok_or_else(|| Miss::of(Table::Write, at, T::BYTES))
    }

    #[inline(always)]
    fn open_memory<T: Int>(&mut self, segment: u8, offset: u64) -> Result<(Opened<'a, T>, T), Miss> {
        let at = self.linear::<T>(segment, offset, true)?;
        self.ways.open(at).ok_or_else(|| Miss::of(Table::Write, at, T::BYTES))
    }

    #[inline(always)]
    fn close_memory<T: Int>(&mut self, place: Opened<'a, T>, value: T) {
        place.set(value);
    }

    #[inline(always)]
    fn load_block_memory(&mut self, segment: u8, offset: u64) -> Result<u128, Miss> {
        let at = self.linear_block(segment, offset, false)?;
        self.ways.read_block(at).ok_or_else(|| Miss::of(Table::Read, at, 16))
    }

    #[inline(always)]
    fn store_block_memory(&mut self, segment: u8, offset: u64, value: u128) -> Result<(), Miss> {
        let at = self.linear_block(segment, offset, true)?;
        self.ways.write_block(at, value).ok_or_else(|| Miss::of(Table::Write, at, 16))
    }

    #[inline(always)]
    fn exchange_memory<T: Int>(&mut self, place: Opened<'a, T>, found: T, new: T) -> Result<(), T> {
        place.exchange(found, new)
    }

    #[inline(always)]
    fn next_offset(&mut self) -> u64 {
        A::KIND.next_offset(self.op.end_of_trace())
    }

    #[inline(always)]
    fn admit_target(&mut self, to: u64) -> Result<(), Miss> {
        if A::KIND.admits_target(self.s, to) { Ok(()) } else { Err(Miss::Unusual) }
    }

    #[inline(always)]
    fn go_to(&mut self, to: u64) -> Result<(), Miss> {
        self.admit_target(to)?;
        self.target = Some(to);
        Ok(())
    }

    #[inline(always)]
    fn address_of(&mut self, o: &Operands) -> u64 {
        let base = (A::KIND == Kind::LongRelative).then(|| self.op.trace_address());
        let offset = o.sum(&self.s.registers, base);
        match A::KIND {
            Kind::Flat => u64::from(offset as u32),
            Kind::Long | Kind::LongRelative => offset,
            Kind::Segmented => offset & o.offset_size.mask(),
        }
    }

    #[inline(always)]
    fn stack_mask(&mut self) -> u64 {
        A::KIND.stack_mask(self.s)
    }
}

/// What an instruction does on a backend that executes and may miss.
pub(super) trait Body: 'static {
    const FLOW: Flow = Flow::On;
    const CALLS: bool = true;

    /// # Errors
    /// When it needs the checked backend; nothing has been changed then.
    fn run<E: Executing<Trouble = Miss>>(cpu: &mut E, o: &Operands) -> Result<(), Miss>;
}

/// A body as an operation of the threaded engine.
struct Instruction<I, A>(PhantomData<(I, A)>);

impl<I: Body, A: Addressing> Operation<X86Family> for Instruction<I, A> {
    const FLOW: Flow = I::FLOW;
    const CALLS: bool = I::CALLS;

    #[inline(always)]
    fn execute(s: &mut State, op: OpRef<'_, X86Family>, ways: &Ways<LittleGuest>) -> Outcome {
        let mut fast = Fast::<A> { s, ways, op, target: None, addressing: PhantomData };
        match (I::run(&mut fast, op.operands()), fast.target) {
            (Err(miss), _) => miss.outcome(),
            (Ok(()), Some(target)) => Outcome::To(target),
            (Ok(()), None) => Outcome::On,
        }
    }
}

/// A meaning.
struct Meant<M>(PhantomData<M>);

impl<M: Meaning> Body for Meant<M> {
    const FLOW: Flow = M::FLOW;
    const CALLS: bool = M::CALLS;

    #[inline(always)]
    fn run<E: Executing<Trouble = Miss>>(cpu: &mut E, o: &Operands) -> Result<(), Miss> {
        M::run(cpu, o)
    }
}

/// An instruction of the floating-point unit, which is long enough for calls.
struct Computing<I>(PhantomData<I>);

impl<I: x87::Instruction> Body for Computing<I> {
    #[inline(always)]
    fn run<E: Executing<Trouble = Miss>>(cpu: &mut E, o: &Operands) -> Result<(), Miss> {
        if !x87::is_ready(cpu.state()) {
            return Err(Miss::Unusual);
        }
        I::run(cpu, o)?;
        x87::remember(cpu.state(), o);
        Ok(())
    }
}

/// A plain instruction, and whether it needs the floating-point unit.
struct Simple<I, const FPU: bool>(PhantomData<I>);

impl<I: Plain, const FPU: bool> Body for Simple<I, FPU> {
    #[inline(always)]
    fn run<E: Executing<Trouble = Miss>>(cpu: &mut E, o: &Operands) -> Result<(), Miss> {
        if FPU && !x87::is_ready(cpu.state()) {
            return Err(Miss::Unusual);
        }
        I::run(cpu, o)
    }
}

/// A string instruction without a repeat prefix.
struct Once<I>(PhantomData<I>);

impl<I: StringInstruction> Body for Once<I> {
    #[inline(always)]
    fn run<E: Executing<Trouble = Miss>>(cpu: &mut E, o: &Operands) -> Result<(), Miss> {
        let before = Moved::of(cpu.state());
        let done = I::once(cpu, o);
        if done.is_err() {
            before.put_back(cpu.state());
        }
        done
    }
}

/// The usual case of an instruction of the floating-point unit, in one of its two forms.
struct QuickComputing<I, A, const DOUBLES: bool>(PhantomData<(I, A)>);

impl<I: x87::Instruction, A: Addressing, const DOUBLES: bool> op::Quick<X86Family>
    for QuickComputing<I, A, DOUBLES>
{
    #[inline(always)]
    fn execute(s: &mut State, op: OpRef<'_, X86Family>, ways: &Ways<LittleGuest>) -> Option<()> {
        if !x87::is_ready_in::<DOUBLES>(s) {
            return None;
        }
        let mut fast = Fast::<A> { s, ways, op, target: None, addressing: PhantomData };
        I::quick::<DOUBLES, _>(&mut fast, op.operands())?;
        x87::remember(s, op.operands());
        Some(())
    }
}

/// The usual case of an instruction.
struct QuickInstruction<Q, A>(PhantomData<(Q, A)>);

impl<Q: Quick, A: Addressing> op::Quick<X86Family> for QuickInstruction<Q, A> {
    #[inline(always)]
    fn execute(s: &mut State, op: OpRef<'_, X86Family>, ways: &Ways<LittleGuest>) -> Option<()> {
        let mut fast = Fast::<A> { s, ways, op, target: None, addressing: PhantomData };
        Q::run(&mut fast, op.operands())
    }
}

/// The handlers of one instruction, one of which fits its operands and the mode.
///
/// Each serves operands with and without an index: handlers of their own for these would take half as long again to
/// build.
#[derive(Clone, Copy)]
pub struct Handlers {
    segmented: Handler,
    flat: Handler,
    long: Handler,
    long_relative: Handler,
    /// Where a probe watches, the one for all modes of an instruction that accesses memory.
    watched: Option<Handler>,
    pub flow: Flow,
    /// They are for a string instruction that is not repeated.
    is_string: bool,
    /// See [`Meaning::CONDITION`].
    pub condition: Option<(u8, u32)>,
    /// What takes the place of a comparison's handler where a conditional jump follows it.
    joined: Option<&'static Joined>,
}

/// The handlers of a comparison and the conditional jump behind it, by the condition's number.
struct Joined {
    flat: Option<[Handler; 16]>,
    long: [Handler; 16],
}

/// [`Joined`] of a meaning that compares.
struct Comparison<M>(PhantomData<M>);

/// The handlers of `M` and each conditional jump to `T` in a mode.
macro_rules! joined {
    ($m:ident, $a:ident, $t:ident; $($condition:literal)*) => {
        [$(op::joined::<X86Family, Instruction<Meant<$m>, $a>, Instruction<Meant<JumpIf<$t, $condition>>, $a>>(),)*]
    };
}

impl<M: Meaning> Comparison<M> {
    const ALL: Option<Joined> = if M::COMPARES {
        let flat =
            if M::WIDEST { None } else { Some(joined!(M, Flat, u32; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)) };
        Some(Joined { flat, long: joined!(M, Long, u64; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) })
    } else {
        None
    };
    const JOINED: Option<&'static Joined> = Self::ALL.as_ref();
}

/// [`Handlers`] of what `$handler` makes for each kind of addressing, named `$a`; where there is no address, one for all. Constants, so
/// that only those are made that are used.
macro_rules! handlers {
    ($flow:expr, $has_address:expr, $a:ident => $handler:expr) => {
        const {
    let mut all = Self::only(handlers!(@ Segmented, $a => $handler), $flow);
            if $has_address {
        all.flat = handlers!(@ Flat, $a => $handler);
        all.long = handlers!(@ Long, $a => $handler);
        all.long_relative = handlers!(@ LongRelative, $a => $handler);
            }
            all
        }
    };
    (@ $kind:ident, $a:ident => $handler:expr) => {{
        type $a = $kind;
        $handler
    }};
}

impl Handlers {
    pub fn of<M: Meaning>() -> Self {
        let handlers =
            handlers!(M::FLOW, !M::REGISTERS_ONLY, A => op::handler::<X86Family, Instruction<Meant<M>, A>>());
        let watched = const { watched::<Meant<M>>(M::ACCESSES) };
        Self { condition: M::CONDITION, joined: Comparison::<M>::JOINED, watched, ..handlers }
    }

    /// A meaning whose usual case is `Q`.
    pub fn quick<Q: Quick, M: Meaning>() -> Self {
        let handlers = handlers!(Flow::On, Q::HAS_ADDRESS, A => {
            op::quick_handler::<X86Family, QuickInstruction<Q, A>, Instruction<Meant<M>, A>>()
        });
        Self { watched: const { watched::<Meant<M>>(Q::HAS_ADDRESS) }, ..handlers }
    }

    /// An instruction of the floating-point unit.
    pub fn of_fpu<I: x87::Instruction>() -> Self {
        let handlers = handlers!(Flow::On, I::HAS_ADDRESS, A => {
            type Exact<I, A> = QuickComputing<I, A, false>;
            type Doubles<I, A> = QuickComputing<I, A, true>;
            op::twice_quick_handler::<X86Family, Exact<I, A>, Doubles<I, A>, Instruction<Computing<I>, A>>()
        });
        Self { watched: const { watched::<Computing<I>>(I::HAS_ADDRESS) }, ..handlers }
    }

    /// A plain instruction, and whether it needs the floating-point unit.
    pub fn plain<I: Plain, const FPU: bool>() -> Self {
        let handlers =
            handlers!(Flow::On, true, A => op::handler::<X86Family, Instruction<Simple<I, FPU>, A>>());
        Self { watched: const { watched::<Simple<I, FPU>>(true) }, ..handlers }
    }

    pub fn string<I: StringInstruction>() -> Self {
        let handlers = handlers!(Flow::On, true, A => op::handler::<X86Family, Instruction<Once<I>, A>>());
        Self { is_string: true, watched: const { watched::<Once<I>>(true) }, ..handlers }
    }

    /// An instruction that the checked backend executes.
    pub fn checked() -> Self {
        Self::only(op::for_checked::<X86Family>(), Flow::On)
    }

    /// One handler for all modes.
    const fn only(handler: Handler, flow: Flow) -> Self {
        Self {
            segmented: handler,
            flat: handler,
            long: handler,
            long_relative: handler,
            watched: None,
            flow,
            is_string: false,
            condition: None,
            joined: None,
        }
    }

    /// The handler for this instruction, which has got `chosen`, and the conditional jump `next` behind it; `None` if there is
    /// none for both.
    pub fn join(&self, chosen: Handler, kind: Kind, next: &Self) -> Option<Handler> {
        let (joined, (condition, bits)) = (self.joined?, next.condition?);
        let (usual, handlers, width) = match kind {
            Kind::Flat => (self.flat, joined.flat.as_ref()?, 32),
            Kind::Long => (self.long, &joined.long, 64),
            Kind::Segmented | Kind::LongRelative => return None,
        };
        let fits = bits == width && std::ptr::fn_addr_eq(chosen, usual);
        fits.then(|| handlers[usize::from(condition & 15)])
    }

    /// The handler for an instruction with these operands in a mode of this kind, and where a probe watches or not.
    pub fn choose(&self, kind: Kind, o: &mut Operands, has_memory: bool, watches: bool) -> Handler {
        let Some(kind) = self.addressing(kind, o, has_memory) else { return op::for_checked::<X86Family>() };
        match (self.watched, kind) {
            (Some(handler), _) if watches => {
                o.kind = kind;
                handler
            }
            (_, Kind::Segmented) => self.segmented,
            (_, Kind::Flat) => self.flat,
            (_, Kind::Long) => self.long,
            (_, Kind::LongRelative) => self.long_relative,
        }
    }

    /// How the operands' memory is found; `None`: by the checked backend.
    fn addressing(&self, kind: Kind, o: &Operands, has_memory: bool) -> Option<Kind> {
        let usual = match kind {
            // CS is flat, but admits no writes.
            Kind::Flat => o.offset_size == OffsetSize::Bits32 && o.segment < seg::FS && o.segment != seg::CS,
            Kind::Long | Kind::LongRelative => o.offset_size == OffsetSize::Bits64,
            Kind::Segmented => true,
        };
        match kind {
            _ if self.is_string && o.repeat != Repeat::Once => None,
            // Their addresses are in registers that the operands don't name.
            Kind::Flat if self.is_string && !usual => Some(Kind::Segmented),
            Kind::Flat if usual || !has_memory => Some(Kind::Flat),
            Kind::Flat | Kind::Segmented => Some(Kind::Segmented),
            _ if has_memory && !usual => None,
            _ if o.base == reg::IP => Some(Kind::LongRelative),
            _ => Some(Kind::Long),
        }
    }
}
