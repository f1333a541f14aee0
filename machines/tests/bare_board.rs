//! The plain board: what it adds to an XT's chips, each looked at by a program in its ROM or by its own firmware.

mod support;

use emu_core::cpu::FpuMode;
use emu_core::cpu::x86::model::{CustomModel, Feature, I486SX, Output, PENTIUM};
use emu_core::hal::storage::MemoryMedium;
use emu_core::machine::Machine;
use emu_core::time::Cycle;
use machines::boards::{self, Supplies};
use machines::catalogue::Catalogue;
use machines::chips::ns16450::{Model, Ns16450};
use machines::firmware::asm::Program;
use machines::profile::{CpuProfile, Field, Firmware, Profile, check};
use support::bare;

/// Every processor's first address is F000:FFF0, wherever the ROM is seen.
const PROLOGUE: &str = "
        bits 16
        org 0
result  equ 500h
start:  cli
        cld
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 7000h
";
const EPILOGUE: &str = "
        at 0FFF0h
        jmp 0F000h:start
        at 10000h
";

/// The processors that the tests of programs run on: one of each kind of address space.
const CPUS: [&str; 3] = ["80286", "386dx", "x86-64-v3"];

fn rom_of(program: &str) -> Vec<u8> {
    let text = [PROLOGUE, program, EPILOGUE].concat();
    Program::new()
        .source("rom.asm", &text)
        .assemble("rom.asm")
        .unwrap_or_else(|error| panic!("{error}"))
        .bytes
}

/// A machine whose only firmware is this program.
fn with_rom(cpu: &str, program: &str) -> Machine {
    let profile = Profile { firmware: Firmware::File("rom".into()), ..profile_of(cpu, 8) };
    let supplies = Supplies { rom_file: Some(rom_of(program)), ..Supplies::default() };
    boards::build(&profile, &Catalogue::standard(), supplies).unwrap_or_else(|error| panic!("{error}"))
}

fn profile_of(cpu: &str, memory_mib: u32) -> Profile {
    let mut profile = (boards::bare::KIND.profile)();
    cpu.clone_into(&mut profile.cpu.model);
    profile.memory_kib = memory_mib * 1024;
    profile
}

/// Runs for a while, and gives the byte of the lowest memory that programs leave their results in.
fn results<const N: usize>(machine: &mut Machine) -> [u8; N] {
    let target = machine.now() + 2_000_000;
    machine.run_until(target);
    std::array::from_fn(|at| machine.peek(0x500 + at as u64))
}

#[test]
fn the_rom_is_at_the_end_of_both_address_spaces() {
    for (cpu, top) in
        [("80286", 1 << 24), ("386sx", 1 << 24), ("386dx", 1 << 32), ("pentium-pro", 1_u64 << 32)]
    {
        let mut machine = with_rom(cpu, "mov byte [result], 77h\n hlt");
        for end in [1 << 20, top, top - (1 << 20)] {
            let jump: [u8; 5] = std::array::from_fn(|at| machine.peek(end - 16 + at as u64));
            assert_eq!(jump, [0xEA, 0, 0, 0, 0xF0], "{cpu}, below {end:#X}");
        }
        assert_eq!(results(&mut machine), [0x77], "{cpu}");
    }
}

#[test]
fn a_rom_of_another_size_ends_there_too() {
    let mut rom = vec![0xF4; 256 * 1024];
    let at = rom.len() - 16;
    rom[at..at + 5].copy_from_slice(&[0xC6, 0x06, 0x00, 0x05, 0x99]); // mov byte [500h], 99h
    rom[0] = 0x12;
    let profile = Profile { firmware: Firmware::File("rom".into()), ..profile_of("486dx", 4) };
    let supplies = |rom: Vec<u8>| Supplies { rom_file: Some(rom), ..Supplies::default() };
    let catalogue = Catalogue::standard();
    let mut machine = boards::build(&profile, &catalogue, supplies(rom)).unwrap();
    assert_eq!(results(&mut machine), [0x99]);
    assert_eq!(machine.peek((1 << 32) - 256 * 1024), 0x12);
    assert_eq!(machine.peek(0xC_0000), 0xFF, "below, there is room for 128 KB");
    assert_eq!(machine.peek(0xE_0000), 0xF4);
    for size in [0, 1, 1023, 1025, (1 << 20) + 1024] {
        let refused = boards::build(&profile, &catalogue, supplies(vec![0; size]));
        let Err(error) = refused else { panic!("a ROM of {size} bytes was taken") };
        assert!(error.to_string().contains("up to 1 MB"), "{error}");
    }
}

/// FFFF:0510 is 0:0500 or 10:0500, as the gate stands.
const A20: &str = "
        mov ax, 0FFFFh
        mov es, ax
        mov byte [0600h], 1
        mov byte [es:0610h], 2          ; the gate is open after RESET
        mov al, [0600h]
        mov [result], al
        in al, 92h
        mov [result + 1], al
        mov al, 0
        out 92h, al
        mov byte [es:0610h], 3          ; and now it wraps
        mov al, [0600h]
        mov [result + 2], al
        mov al, [es:0610h]
        mov [result + 3], al
        mov al, 2
        out 92h, al
        mov al, [es:0610h]              ; what was written beyond is still there
        mov [result + 4], al
        hlt
";

#[test]
fn addresses_wrap_at_a_megabyte_while_the_gate_is_closed() {
    for cpu in CPUS {
        assert_eq!(results(&mut with_rom(cpu, A20)), [1, 2, 3, 3, 2], "{cpu}");
    }
}

/// Counts how often it begins; resets itself by port 92h, with the gate open and with it closed, then by a third fault.
const RESETS: &str = "
        inc byte [result]
        mov al, [result]
        cmp al, 3
        je .fault
        ja .stop
        shl al, 1
        and al, 2                       ; the first time open
        out 92h, al
        or al, 1
        mov byte [result + 1], 11h
        out 92h, al
        mov byte [result + 1], 22h      ; not reached
.fault: mov word [result + 4], 0
        lidt [result + 4]               ; no vector at all
        int3
.stop:  hlt
";

#[test]
fn port_92h_and_a_shutdown_reset_the_processor_alone() {
    for cpu in CPUS {
        let mut machine = with_rom(cpu, RESETS);
        assert_eq!(results(&mut machine), [4, 0x11], "{cpu}");
        assert_eq!(machine.register("CS"), Some(0xF000));
    }
}

/// Both controllers as an AT's firmware sets them up, a handler for IRQ9, and a serial port there that has nothing to send.
const CASCADE: &str = "
        mov word [71h * 4], .irq9
        mov [71h * 4 + 2], cs
        mov al, 11h
        out 20h, al
        out 0A0h, al
        mov al, 8
        out 21h, al
        mov al, 70h
        out 0A1h, al
        mov al, 4
        out 21h, al
        mov al, 2
        out 0A1h, al
        mov al, 1
        out 21h, al
        out 0A1h, al
        mov al, 0FBh
        out 21h, al
        mov al, 0FDh
        out 0A1h, al
        mov dx, 3FCh
        mov al, 8                       ; OUT2 lets the interrupt out
        out dx, al
        mov dx, 3F9h
        mov al, 2                       ; transmitter empty
        out dx, al
        sti
.wait:  hlt
        jmp .wait
.irq9:  inc byte [result]
        mov di, result + 1
        call .in_service
        mov dx, 3FAh
        in al, dx                       ; takes the request back
        mov al, 20h
        out 0A0h, al
        out 20h, al
        call .in_service
        iret
.in_service:
        mov al, 0Bh
        out 20h, al
        out 0A0h, al
        in al, 20h
        stosb
        in al, 0A0h
        stosb
        ret
";

/// The standard cards, but with the first serial port at IRQ9, which the bus calls IRQ2.
fn catalogue_with_serial_port_at_irq2() -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let mut com = catalogue.find("com1").expect("there is a serial port").clone();
    com.mount = |bus, _| {
        let clock = emu_core::time::Clock::of_hz(1_843_200, bus.tick_hz);
        let uart = bus.board.add("com1", Ns16450::new(Model::Ns16450, clock));
        bus.board.io(0x3F8..=0x3FF, uart, Ns16450::REGION);
        bus.interrupt(2, uart, Ns16450::INTRPT)
    };
    catalogue.add(com);
    catalogue
}

#[test]
fn an_interrupt_comes_through_the_slave_and_both_end_it() {
    let rom = rom_of(CASCADE);
    for cpu in CPUS {
        let profile = Profile { firmware: Firmware::File("rom".into()), ..profile_of(cpu, 8) };
        let supplies = Supplies { rom_file: Some(rom.clone()), ..Supplies::default() };
        let catalogue = catalogue_with_serial_port_at_irq2();
        let mut machine = boards::build(&profile, &catalogue, supplies).unwrap();
        assert_eq!(results(&mut machine), [1, 0x04, 0x02, 0, 0], "{cpu}");
        let spurious = machine.with_domain(|domain, now| domain.acknowledge_interrupt(now));
        assert_eq!(spurious, 0x0F, "a request that has gone is the master's to answer");
        assert_eq!(machine.peek(0x500), 1);
    }
}

/// A machine that has booted from a disk whose sector halts, so that its firmware can be called.
fn booted(cpu: &str, memory_mib: u32, firmware: &Firmware) -> Machine {
    let mut sector = vec![0; 1_474_560];
    sector[..4].copy_from_slice(&[0xFB, 0xF4, 0xEB, 0xFD]); // sti; hlt; jmp
    let mut machine = bare(cpu, memory_mib, |profile| profile.firmware = firmware.clone());
    machine.insert("fdc", 0, "test", Box::new(MemoryMedium::new(sector))).unwrap();
    let end = machine.now() + machine.cpu_hz() * 20;
    while !(0x7C00..0x7C10).contains(&machine.cpu().pc().linear) {
        assert!(machine.now() < end, "{cpu} does not boot; it is at {:X?}", machine.cpu().pc());
        let next = machine.now() + machine.cpu_hz() / 50;
        machine.run_until(next);
    }
    machine
}

/// Runs a piece of code at 0:4000 until it halts. Results are in the memory from 500h on.
fn run(machine: &mut Machine, code: &str) {
    let text = format!(
        "bits 16\n org 4000h\nresult equ 500h\n xor ax, ax\n mov ds, ax\n mov es, ax\n{code}\n cli\nstop: hlt\n jmp stop\n"
    );
    let code =
        Program::new().source("t.asm", &text).assemble("t.asm").unwrap_or_else(|e| panic!("{e}")).bytes;
    for (at, byte) in (0x4000..).zip(&code) {
        assert!(machine.poke(at, *byte));
    }
    // The boot sector's loop jumps there.
    for (at, byte) in (0x7C02..).zip([0xEA, 0x00, 0x40, 0x00, 0x00]) {
        assert!(machine.poke(at, byte));
    }
    let end = 0x4000 + code.len() as u64;
    let deadline = machine.now() + machine.cpu_hz() * 5;
    while !(end - 3..end).contains(&machine.cpu().pc().linear) {
        assert!(machine.now() < deadline, "it is at {:X?}", machine.cpu().pc());
        let next = machine.now() + machine.cpu_hz() / 100;
        machine.run_until(next);
    }
}

fn word(machine: &Machine, at: u64) -> u16 {
    u16::from_le_bytes([machine.peek(at), machine.peek(at + 1)])
}

const SIZES: &str = "
        mov ah, 88h
        int 15h
        mov [result], ax
        sbb ax, ax
        mov [result + 2], ax
        mov ax, 0E801h
        int 15h
        mov [result + 4], ax
        mov [result + 6], bx
        mov [result + 8], cx
        mov [result + 10], dx
        sbb ax, ax
        mov [result + 12], ax
        mov ah, 0C0h
        int 15h
        mov al, [es:bx + 2]
        mov [result + 14], al
        mov al, [es:bx + 5]
        mov [result + 15], al
        stc
        mov ah, 55h
        int 15h
        mov [result + 16], ah
        int 12h
        mov [result + 18], ax
";

#[test]
fn firmware_tells_how_much_memory_there_is() {
    for firmware in [Firmware::Rom, Firmware::Host] {
        for (cpu, mib, low, high, by_88) in [
            ("8086", 1, 0, 0, 0),
            ("80186", 1, 0, 0, 0),
            ("80286", 1, 0, 0, 0),
            ("80286", 14, 13 * 1024, 0, 13 * 1024),
            ("386dx", 16, 15 * 1024, 0, 15 * 1024),
            ("486dx", 64, 15 * 1024, 48 * 16, 0xFC00),
            ("x86-64-v3", 3072, 15 * 1024, 3056 * 16, 0xFC00),
        ] {
            let mut machine = booted(cpu, mib, &firmware);
            run(&mut machine, SIZES);
            let words: [u16; 7] = std::array::from_fn(|i| word(&machine, 0x500 + 2 * i as u64));
            assert_eq!(words, [by_88, 0, low, high, low, high, 0], "{cpu} with {mib} MB, {firmware:?}");
            assert_eq!(machine.peek(0x50E), 0xFC);
            assert_eq!(machine.peek(0x50F), 0x40, "a second interrupt controller");
            assert_eq!(machine.peek(0x510), 0x86);
            assert_eq!(word(&machine, 0x512), 640);
        }
    }
}

const A20_SERVICES: &str = "
        mov di, result
        cld
        mov si, steps
next:   mov ax, [si]
        cmp ax, 0
        je done
        int 15h
        stosb
        in al, 92h
        stosb
        inc si
        inc si
        jmp next
steps:  dw 2402h, 2401h, 2402h, 2400h, 2402h, 0
done:
";

#[test]
fn firmware_moves_the_a20_gate() {
    let mut machine = booted("386dx", 8, &Firmware::Rom);
    run(&mut machine, A20_SERVICES);
    let seen: [u8; 10] = std::array::from_fn(|at| machine.peek(0x500 + at as u64));
    assert_eq!(seen, [0, 0, 1, 2, 1, 2, 0, 0, 0, 0], "it is closed when a disk boots");
}

const MAP: &str = "
        mov di, 600h
        o32 xor bx, bx
next:   db 66h, 0B8h                    ; mov eax, 0E820h
        dd 0E820h
        db 66h, 0B9h                    ; mov ecx, 20
        dd 20
        db 66h, 0BAh                    ; mov edx, 'SMAP'
        dd 534D4150h
        int 15h
        jc done
        db 66h, 3Dh                     ; cmp eax, 'SMAP'
        dd 534D4150h
        jne done
        inc byte [result]
        add di, cx
        or bx, bx
        jnz next
        mov byte [result + 1], 1
done:
";

#[test]
fn firmware_maps_three_gigabytes() {
    let mut machine = booted("x86-64-v3", 3072, &Firmware::Rom);
    run(&mut machine, MAP);
    assert_eq!([machine.peek(0x500), machine.peek(0x501)], [4, 1]);
    let field = |entry: u64, at: u64| {
        let at = 0x600 + entry * 20 + at;
        u64::from(word(&machine, at)) | u64::from(word(&machine, at + 2)) << 16
    };
    let map: Vec<_> = (0..4).map(|entry| (field(entry, 0), field(entry, 8), field(entry, 16))).collect();
    let wanted =
        [(0, 0xA_0000, 1), (0xF_0000, 0x1_0000, 2), (0xFFFF_0000, 0x1_0000, 2), (0x10_0000, 0xBFF0_0000, 1)];
    assert_eq!(map, wanted);
    assert!((0..4).all(|entry| field(entry, 4) == 0 && field(entry, 12) == 0));
    let last = 0xBFFF_FFFF;
    assert!(machine.poke(last, 0x5A) && machine.peek(last) == 0x5A && !machine.poke(last + 1, 0x5A));
}

/// 512 words from 0:6000 to 2 MB, and from there to 0:7000.
const BLOCK_MOVES: &str = "
        mov word [600h + 10h], 0FFFFh
        mov word [600h + 12h], 6000h
        mov word [600h + 14h], 9300h
        mov word [600h + 18h], 0FFFFh
        mov word [600h + 1Ah], 0
        mov word [600h + 1Ch], 9320h
        mov si, 600h
        mov cx, 512
        mov ah, 87h
        int 15h
        mov [result], ah
        sbb al, al
        mov [result + 1], al
        in al, 92h
        mov [result + 2], al
        mov word [600h + 12h], 0
        mov word [600h + 14h], 9320h
        mov word [600h + 1Ah], 7000h
        mov word [600h + 1Ch], 9300h
        mov si, 600h
        mov cx, 512
        mov ah, 87h
        int 15h
        mov [result + 3], ah
        mov word [600h + 18h], 1022     ; a word more than there is room for
        mov si, 600h
        mov cx, 512
        mov ah, 87h
        int 15h
        mov [result + 4], ah
        sbb al, al
        mov [result + 5], al
";

#[test]
fn firmware_moves_blocks_on_every_processor() {
    for cpu in CPUS {
        let mut machine = booted(cpu, 8, &Firmware::Rom);
        for at in 0..1024 {
            machine.poke(0x6000 + at, (at * 7 % 251) as u8);
        }
        run(&mut machine, BLOCK_MOVES);
        let seen: [u8; 6] = std::array::from_fn(|at| machine.peek(0x500 + at as u64));
        assert_eq!(seen, [0, 0, 0, 0, 2, 0xFF], "{cpu}");
        for at in 0..1024 {
            let wanted = (at * 7 % 251) as u8;
            let moved = [machine.peek(0x20_0000 + at), machine.peek(0x7000 + at)];
            assert_eq!(moved, [wanted; 2], "{cpu}, byte {at}");
        }
    }
}

/// A change of settings, what of them does not fit then, and a part of the sentence.
type Case = (fn(&mut Profile), Option<Field>, &'static str);

#[test]
fn settings_that_cannot_be_are_told_with_what_would_help() {
    let catalogue = Catalogue::standard();
    let cases: [Case; 10] = [
        (|_| (), None, ""),
        (|p| p.memory_kib = 48 * 1024, None, ""),
        (|p| p.memory_kib = 48 * 1024 + 1, Some(Field::Memory), "whole MB"),
        (|p| p.memory_kib = 3073 * 1024, Some(Field::Memory), "3072 MB"),
        (|p| "80286".clone_into(&mut p.cpu.model), Some(Field::Memory), "14 MB"),
        (|p| "8086".clone_into(&mut p.cpu.model), Some(Field::Memory), "reaches 1 MB"),
        (|p| p.cpu.clock_hz = 123_456_789, None, ""),
        (|p| p.cpu.clock_hz = 1000, Some(Field::CpuClock), "1000 Hz"),
        (|p| p.cpu.fpu = FpuMode::Fast, None, ""),
        (
            |p| ("486sx".clone_into(&mut p.cpu.model), p.cpu.fpu = FpuMode::Fast).1,
            Some(Field::Fpu),
            "no floating-point unit",
        ),
    ];
    for (change, field, words) in cases {
        let mut profile = (boards::bare::KIND.profile)();
        change(&mut profile);
        let conflicts = check(&profile, &catalogue);
        assert_eq!(conflicts.first().map(|c| c.fields[0]), field, "{conflicts:?}");
        if let Some(conflict) = conflicts.first() {
            assert!(conflict.message.contains(words), "{}", conflict.message);
            let mended = &conflict.fixes.first().expect("a remedy").profile;
            assert_eq!(check(mended, &catalogue), []);
        }
    }
}

#[test]
fn how_the_x87_computes_is_kept_and_changes_at_once() {
    let exact = profile_of("486dx", 4);
    assert!(!exact.to_ron().contains("fpu"), "older versions read the usual profile");
    let mut fast = exact.clone();
    fast.cpu.fpu = FpuMode::Fast;
    assert_eq!(Profile::from_ron(&fast.to_ron()).as_ref(), Ok(&fast));
    assert_eq!(exact.with_news_of(&fast), fast);
    let mut custom = profile_of("custom", 4);
    custom.cpu = CpuProfile { custom: Some(CustomModel::of(&I486SX)), ..custom.cpu };
    custom.cpu.fpu = FpuMode::Fast;
    let conflicts = check(&custom, &Catalogue::standard());
    assert_eq!(conflicts.first().map(|conflict| conflict.fields[0]), Some(Field::Fpu), "{conflicts:?}");
}

#[test]
fn any_clock_keeps_the_timers_time() {
    for hz in [1_000_000, 12_345_678, 100_000_000, 3_400_000_000] {
        let mut machine = bare("486dx", 4, |profile| profile.cpu.clock_hz = hz);
        let target = Cycle(hz / 50);
        machine.run_until(target);
        let tick = machine.tick().0;
        assert!((286_363..286_700).contains(&tick), "{hz} Hz: {tick} ticks in a fiftieth of a second");
    }
}

/// A line of the CGA's text screen.
fn line(machine: &Machine, number: u64) -> String {
    let cells = (0..80).map(|column| machine.peek(0xB_8000 + number * 160 + column * 2));
    cells.map(char::from).collect::<String>().trim_end_matches([' ', '\0']).to_owned()
}

#[test]
fn the_memory_beyond_the_first_megabyte_is_told() {
    for (mib, said) in [
        (1, "640 KB OK"),
        (2, "640 KB OK, 1 MB extended"),
        (64, "640 KB OK, 63 MB extended"),
        (1024, "640 KB OK, 1023 MB extended"),
    ] {
        let mut machine = bare("486dx", mib, |_| {});
        let end = machine.cpu_hz() * 4;
        while machine.now().0 < end && line(&machine, 2) != said {
            let target = machine.now() + 5_000_000;
            machine.run_until(target);
        }
        assert_eq!(line(&machine, 2), said);
    }
}

#[test]
fn a_custom_processor_has_what_its_profile_gives_it() {
    let program = "
        db 66h, 0B8h, 1, 0, 0, 0        ; mov eax, 1
        db 0Fh, 0A2h                    ; cpuid
        mov [result], ax                ; stepping, model, family
        hlt
    ";
    let mut custom = CustomModel::of(&PENTIUM);
    custom.stepping = 9;
    custom.features = custom.features.with(&[Feature::Cmov]);
    let rom = rom_of(program);
    let build = |custom: Option<CustomModel>| {
        let mut profile = Profile { firmware: Firmware::File("rom".into()), ..profile_of("custom", 8) };
        profile.cpu.custom = custom;
        let supplies = Supplies { rom_file: Some(rom.clone()), ..Supplies::default() };
        boards::build(&profile, &Catalogue::standard(), supplies)
    };
    let mut machine = build(Some(custom.clone())).unwrap_or_else(|error| panic!("{error}"));
    let [low, high] = results(&mut machine);
    assert_eq!((low & 0x0F, high & 0x0F), (9, 5));
    assert!(build(None).is_ok(), "every feature");
    custom.features = custom.features.with(&[Feature::Avx]);
    let Err(error) = build(Some(custom)) else { panic!("AVX without XSAVE was taken") };
    assert!(error.to_string().contains("AVX builds on SSE4.2"), "{error}");
}

#[test]
fn a_custom_processor_is_kept_and_its_conflicts_are_mended_either_way() {
    let mut profile = profile_of("custom", 8);
    let mut custom = CustomModel::of(&PENTIUM);
    custom.features = custom.features.with(&[Feature::Avx2]);
    custom.brand = "My own".to_owned();
    let first = custom.leaves()[0];
    custom.type_answer(&first, Output::Ebx, 0x1234_5678);
    profile.cpu.custom = Some(CustomModel { family: 300, ..custom });
    assert_eq!(Profile::from_ron(&profile.to_ron()).as_ref(), Ok(&profile));
    for (way, has_avx) in [(0, true), (1, false)] {
        let custom = mended(profile.clone(), way).cpu.custom.unwrap();
        assert_eq!((custom.family, custom.features.has(Feature::Avx2)), (5, has_avx));
        assert!(custom.features.has(Feature::Cx8));
    }
}

/// A profile when all its conflicts are mended, each in the first or the second way that is offered.
fn mended(mut profile: Profile, way: usize) -> Profile {
    let catalogue = Catalogue::standard();
    for _ in 0..5 {
        let conflicts = check(&profile, &catalogue);
        let Some(conflict) = conflicts.first() else { return profile };
        let fix = conflict.fixes.get(way).or(conflict.fixes.first());
        profile = *fix.unwrap_or_else(|| panic!("no remedy: {conflict:?}")).profile.clone();
    }
    panic!("still wrong: {:?}", check(&profile, &catalogue));
}
