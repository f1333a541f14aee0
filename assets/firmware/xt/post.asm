; Power-on self-test: from the reset vector to INT 19h. Until the first 16 KB are known to work there is no stack.

post:
        cli
        cld
%if BARE
        jmp near after_block_move
not_block_move:
%endif
        xor al, al
%if !BARE
        out NMI_MASK, al
%endif
        mov dx, 3D8h            ; both displays dark
        out dx, al
        inc al
        mov dx, 3B8h
        out dx, al
        jmp test_flags

; Something without which nothing works is broken: a long tone and a stop.
post_dead:
        mov al, 0B6h
        out PIT_CONTROL, al
        mov al, 0
        out PIT_COUNTER_2, al
        mov al, 10h
        out PIT_COUNTER_2, al
        in al, PORT_B
        or al, 3
        out PORT_B, al
        cli
.stop:  hlt
        jmp .stop

test_flags:
        mov ah, 0D5h            ; S, Z, A, P, C
        sahf
        jnc post_dead
        jnz post_dead
        jns post_dead
        jnp post_dead
        lahf
        test ah, 10h
        jz post_dead
        mov al, 40h
        shl al, 1
        jno post_dead
        xor ah, ah
        sahf
        jc post_dead
        jz post_dead
        js post_dead
        jp post_dead

; A pattern must wander through all registers unchanged.
test_registers:
        mov ax, 0AA55h
.again: mov ds, ax
        mov bx, ds
        mov es, bx
        mov cx, es
        mov ss, cx
        mov dx, ss
        mov sp, dx
        mov bp, sp
        mov si, bp
        mov di, si
        cmp di, ax
        jne post_dead
        not ax
        cmp ax, 0AA55h
        jne .again

; Eight bytes a turn: byte by byte, the sum alone would keep the screen dark for an eighth of a second.
test_rom:
        mov ax, cs
        mov ds, ax
        mov si, rom_start
        mov cx, (10000h - rom_start) / 8
        xor bl, bl
.next:  lodsw
        add bl, al
        add bl, ah
        lodsw
        add bl, al
        add bl, ah
        lodsw
        add bl, al
        add bl, ah
        lodsw
        add bl, al
        add bl, ah
        loop .next
        jz start_ppi
        jmp post_dead

start_ppi:
        mov al, 99h             ; A and C are inputs, B an output
        out PPI_CONTROL, al
        mov al, 0BCh            ; parity checks off, keyboard held and cleared, switches 5 to 8
        out PORT_B, al

start_timer:
        mov al, 36h             ; counter 0: 18.2 times per second
        out PIT_CONTROL, al
        xor al, al
        out PIT_COUNTER_0, al
        out PIT_COUNTER_0, al
%if !BARE
        mov al, 54h             ; counter 1: refresh every 15 us
        out PIT_CONTROL, al
        mov al, 18
        out PIT_COUNTER_1, al
%endif

; Channel 0 reads a row of memory on each tick of counter 1.
start_dma:
        out 0Dh, al             ; master clear, whatever AL
        mov al, 0FFh
        out 01h, al
        out 01h, al
        mov al, 58h             ; channel 0: read, single, again and again
        out 0Bh, al
        mov al, 41h
        out 0Bh, al
        inc ax
        out 0Bh, al
        inc ax
        out 0Bh, al
        xor al, al
        out 08h, al
        out 0Ah, al             ; channel 0 may run
        out 81h, al
        out 82h, al
        out 83h, al

; The first 16 KB. BP keeps whether this is a warm start.
test_first_16k:
        mov ax, BDA
        mov ds, ax
        mov bp, [reset_flag]
        xor ax, ax
        mov es, ax
        cmp bp, WARM_BOOT
        je .clear
        mov ax, 0AA55h
        xor di, di
        mov cx, 2000h
        rep stosw
        xor di, di
        mov cx, 2000h
        repe scasw
        je .clear
        jmp post_dead
.clear: xor ax, ax
        xor di, di
        mov cx, 2000h
        rep stosw
        mov ax, 30h
        mov ss, ax
        mov sp, 100h
        mov [reset_flag], bp

start_pic:
%if BARE
        mov al, 11h             ; edges, cascade, ICW4 follows
        out PIC_COMMAND, al
        out PIC2_COMMAND, al
        mov al, 8               ; interrupts 08h to 0Fh
        out PIC_MASK, al
        mov al, 70h             ; interrupts 70h to 77h
        out PIC2_MASK, al
        mov al, 4               ; the slave is at IR2
        out PIC_MASK, al
        mov al, 2
        out PIC2_MASK, al
        mov al, 1               ; 8086
        out PIC_MASK, al
        out PIC2_MASK, al
        mov al, 0FFh
        out PIC_MASK, al
        out PIC2_MASK, al
%else
        mov al, 13h             ; edges, single, ICW4 follows
        out PIC_COMMAND, al
        mov al, 8               ; interrupts 08h to 0Fh
        out PIC_MASK, al
        mov al, 9               ; 8086, buffered
        out PIC_MASK, al
        mov al, 0FFh
        out PIC_MASK, al
%endif

; INT 0 to 5Fh lead somewhere; the rest is zero, which is how programs know a free one.
set_vectors:
        xor di, di
        mov cx, 60h
.blank: mov ax, plain_iret
        stosw
        mov ax, cs
        stosw
        loop .blank
        push ds
        push cs
        pop ds
        mov si, vectors
        mov di, 8 * 4
        mov cx, 18h
.copy:  movsw
        inc di
        inc di
        loop .copy
        pop ds
        mov word [es:2 * 4], 0E2C3h
        mov word [es:5 * 4], 0FF54h
%if BARE
        mov di, 70h * 4
        mov cx, 8
.second:
        mov ax, unexpected_irq2
        stosw
        mov ax, cs
        stosw
        loop .second
        mov word [es:71h * 4], redirected_irq
        mov word [es:75h * 4], coprocessor_irq
%endif

; The switches say what is installed; the rest of the equipment word is filled in on the way.
read_switches:
        in al, PORT_C           ; PORT_B has bit 3 set: switches 5 to 8
        and al, 0Fh
        mov cl, 4
        shl al, cl
        mov ah, al
        in al, PORT_B
        and al, 0F7h
        out PORT_B, al
        in al, PORT_C
        and al, 0Fh
        or al, ah
        xor ah, ah
        mov [equipment], ax

start_keyboard_buffer:
        mov ax, kb_buffer
        mov [kb_head], ax
        mov [kb_tail], ax
        mov [kb_start_at], ax
        mov word [kb_end_at], kb_buffer_end
        mov word [lpt_timeouts], 1414h
        mov word [lpt_timeouts + 2], 1414h
        mov word [com_timeouts], 0101h
        mov word [com_timeouts + 2], 0101h

start_video:
        mov si, 0C000h          ; a display card's own BIOS goes first
        mov di, 0C800h
        call scan_roms
        mov al, [equipment]
        and al, 30h
        mov ah, 3
        cmp al, 20h
        je .set
        mov ah, 1
        cmp al, 10h
        je .set
        mov ah, 7
        cmp al, 30h
        jne .done               ; no display, or one with a BIOS
.set:   mov al, ah
        xor ah, ah
        int 10h
.done:  mov si, msg_banner
        call print

        call count_memory
        call find_ports
        call start_keyboard

; Timer, keyboard and diskette may interrupt; parity errors too. Programs for the 8086 expect addresses to wrap at 1 MB.
%if BARE
        mov al, 0B8h
        out PIC_MASK, al
        mov al, 0DFh            ; the coprocessor, too
        out PIC2_MASK, al
        mov al, 0
        out SYSTEM_CONTROL, al
%else
        mov al, 0BCh
        out PIC_MASK, al
        in al, PORT_B
        and al, 0CFh
        out PORT_B, al
        mov al, 80h
        out NMI_MASK, al
%endif
        sti

        test byte [equipment], 1
        jz .no_diskette
        xor ax, ax
        xor dx, dx
        int 13h
.no_diskette:
        mov si, 0C800h
        mov di, 0F400h
        call scan_roms
        mov cx, 150
        call beep
        mov word [reset_flag], 0
        int 19h

; Finds out how much memory there is, 16 KB at a time, and shows the count. All of it is written, so that its parity
; is right.
count_memory:
        mov bx, 16
        mov dx, 400h
.block: mov si, msg_cr
        call print
        mov ax, bx
        call print_number
        mov si, msg_kb_ok
        call print
        cmp dx, 0A000h
        jae .done
        call test_block
        jne .done
        add dx, 400h
        add bx, 16
        jmp .block
.done:  mov [memory_kb], bx
%if EXTENDED_KB
        mov si, msg_extended    ; told, not tested
        call print
%endif
        mov si, msg_newline
        jmp print

; Tests the 16 KB at segment DX and leaves them zero. Not zero: they fail.
test_block:
        mov es, dx
        mov ax, 0AA55h
        mov [es:0], ax
        cmp [es:0], ax
        jne .end
        cmp word [reset_flag], WARM_BOOT
        je .clear
        xor di, di
        mov cx, 2000h
        rep stosw
        xor di, di
        mov cx, 2000h
        repe scasw
        jne .end
.clear: xor ax, ax
        xor di, di
        mov cx, 2000h
        rep stosw
.end:   ret

; Serial ports answer with zeros in the upper part of their interrupt register, printer ports keep a byte.
find_ports:
        mov bx, com_ports
        mov si, serial_candidates
        mov cx, 2
        xor di, di              ; becomes the upper byte of the equipment word
.com:   call .candidate
        inc dx
        inc dx
        in al, dx
        dec dx
        dec dx
        test al, 0F8h
        jnz .no_com
        mov [bx], dx
        inc bx
        inc bx
        add di, 200h
.no_com:
        loop .com
        mov bx, lpt_ports
        mov si, printer_candidates
        mov cx, 3
.lpt:   call .candidate
        mov al, 0AAh
        out dx, al
        xor al, al
        in al, dx
        cmp al, 0AAh
        jne .no_lpt
        mov [bx], dx
        inc bx
        inc bx
        add di, 4000h
.no_lpt:
        loop .lpt
        mov dx, 201h
        in al, dx
        test al, 0Fh
        jnz .no_game
        add di, 1000h
.no_game:
        or [equipment], di
        ret
.candidate:
        cs lodsw
        mov dx, ax
        ret

serial_candidates:
        dw 3F8h, 2F8h
printer_candidates:
        dw 3BCh, 378h, 278h

; Holds the keyboard's clock low for 20 ms, which resets it, and waits for AAh.
start_keyboard:
        mov al, 08h
        out PORT_B, al
        mov cx, 20
        call delay
        mov al, 0C8h
        out PORT_B, al
        mov al, 48h
        out PORT_B, al
        mov bx, 700
.wait:  mov al, 0Ah             ; the PIC's requests
        out PIC_COMMAND, al
        in al, PIC_COMMAND
        test al, 2
        jnz .answer
        mov cx, 1
        call delay
        dec bx
        jnz .wait
        jmp .fails
.answer:
        in al, KEYBOARD_DATA
        mov bl, al
        mov al, 0C8h
        out PORT_B, al
        mov al, 48h
        out PORT_B, al
        cmp bl, 0AAh
        je .end
.fails: mov si, msg_keyboard
        call print
.end:   ret

; Calls the option ROMs from segment SI up to DI: 55AAh, length in 512 bytes, sum zero, entry at 3.
scan_roms:
        mov es, si
        cmp word [es:0], 0AA55h
        jne .next
        call rom_sum
        jnz .damaged
        push si
        push di
        push ds
        mov word [rom_entry], 3
        mov [rom_entry + 2], si
        call far [rom_entry]
        pop ds
        pop di
        pop si
        mov es, si
        mov al, [es:2]          ; go on behind it, in steps of 2 KB
        xor ah, ah
        add ax, 3
        mov cl, 5
        shl ax, cl
        and ax, 0FF80h
        jz .next
        add si, ax
        jmp .more
.damaged:
        push si
        mov ax, si
        call print_hex
        mov si, msg_rom
        call print
        pop si
.next:  add si, 80h
.more:  cmp si, di
        jb scan_roms
        ret

; The sum of the option ROM at ES:0, in AL and the zero flag.
rom_sum:
        push ds
        push si
        push es
        pop ds
        mov ch, [2]
        shl ch, 1
        xor cl, cl
        xor si, si
        xor ah, ah
.next:  lodsb
        add ah, al
        loop .next
        or ah, ah
        pop si
        pop ds
        ret

msg_banner:
%if BARE
        db "Anachron BIOS", 13, 10, 10, 0
%else
        db "Anachron XT BIOS", 13, 10, 10, 0
%endif
msg_cr: db 13, 0
msg_kb_ok:
        db " KB OK", 0
%if EXTENDED_KB
EXTENDED_MB     equ EXTENDED_KB / 1024
msg_extended:
        db ", "
%if EXTENDED_MB > 999
        db '0' + EXTENDED_MB / 1000
%endif
%if EXTENDED_MB > 99
        db '0' + EXTENDED_MB / 100 - EXTENDED_MB / 1000 * 10
%endif
%if EXTENDED_MB > 9
        db '0' + EXTENDED_MB / 10 - EXTENDED_MB / 100 * 10
%endif
        db '0' + EXTENDED_MB - EXTENDED_MB / 10 * 10
        db " MB extended", 0
%endif
msg_newline:
        db 13, 10, 0
msg_keyboard:
        db "Keyboard error (301)", 13, 10, 0
msg_rom:
        db " ROM damaged, left out", 13, 10, 0
