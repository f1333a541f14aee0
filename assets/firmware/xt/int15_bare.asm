; INT 15h on the plain board (IBM Personal Computer AT Technical Reference, "Extended Memory"; ACPI specification, "INT
; 15H, E820H"): A20, waiting, moving blocks above 1 MB, the size of memory. The host performs none of it.

%if EXTENDED_KB > 0FC00h
MEMORY_88       equ 0FC00h      ; a word's worth
%else
MEMORY_88       equ EXTENDED_KB
%endif
%if EXTENDED_KB > 3C00h
MEMORY_LOW      equ 3C00h       ; KB up to 16 MB
MEMORY_HIGH     equ (EXTENDED_KB - 3C00h) / 64
%else
MEMORY_LOW      equ EXTENDED_KB
MEMORY_HIGH     equ 0
%endif

extended_services:
        sti
        cmp ah, 24h
        je near a20_service
        cmp ah, 86h
        je near wait_service
        cmp ah, 87h
        je near block_move
        cmp ah, 88h
        je memory_88
        cmp ah, 0C0h
        je near configuration
        cmp ax, 0E801h
        je memory_e801
        cmp ax, 0E820h
        je memory_e820
not_offered:
        mov ah, 86h
        stc
        retf 2

memory_88:
        mov ax, MEMORY_88
        clc
        retf 2

memory_e801:
        mov ax, MEMORY_LOW
        mov bx, MEMORY_HIGH
        mov cx, ax
        mov dx, bx
        clc
        retf 2

; EBX: which entry, 0 at first, ECX: the buffer's size, EDX: "SMAP", ES:DI: the buffer. Gives EAX = "SMAP", ECX = 20, EBX
; = the next entry or 0.
memory_e820:
        call is_386
        jz not_offered
        cmp dx, 4150h
        jne not_offered
        cmp cx, 20
        jb not_offered
        cmp bx, MAP_ENTRIES
        jae not_offered
        push ds
        push si
        push di
        push cs
        pop ds
        mov al, 20
        mul bl
        mov si, ax
        add si, memory_map
        o32 xor cx, cx
        mov cl, 20
        cld
        rep movsb
        mov cl, 20
        pop di
        pop si
        pop ds
        inc bx
        cmp bx, MAP_ENTRIES
        jb .more
        o32 xor bx, bx
.more:  o32 mov ax, dx
        clc
        retf 2

; Start, length, and whose it is: 1 the guest's, 2 nobody's.
memory_map:
        dd 0, 0, 0A0000h, 0, 1
        dd 0F0000h, 0, 10000h, 0, 2
        dd 0FFFF0000h, 0, 10000h, 0, 2
%if EXTENDED_KB
        dd 100000h, 0, EXTENDED_KB * 1024, 0, 1
%endif
MAP_ENTRIES     equ ($ - memory_map) / 20

; ES:BX := what there is.
configuration:
        push cs
        pop es
        mov bx, .table
        mov ah, 0
        clc
        retf 2
.table: dw 8
        db 0FCh, 1, 0           ; model, submodel, revision
        db 40h                  ; a second interrupt controller, no clock
        db 0, 0, 0, 0

; AL: 0 lets address line 20 be low, 1 lets it through, 2 tells which (AL), 3 tells how (BX).
a20_service:
        cmp al, 3
        je .how
        ja near not_offered
        cmp al, 2
        je .which
        push ax
        call set_a20
        pop ax
        jmp .good
.which: in al, SYSTEM_CONTROL
        shr al, 1
        and al, 1
        jmp .good
.how:   mov bx, 2               ; by port 92h
.good:  mov ah, 0
        clc
        retf 2

; AL: 1 lets address line 20 through, 0 does not.
set_a20:
        mov ah, al
        shl ah, 1
        in al, SYSTEM_CONTROL
        and al, 0FCh            ; and resets nothing
        or al, ah
        out SYSTEM_CONTROL, al
        ret

; Waits CX:DX microseconds.
wait_service:
        push ax
        push bx
        push cx
        push dx
        mov ax, dx
        mov dx, cx
        mov bx, 1000
        cmp dx, bx
        jae .long
        div bx
        jmp .wait
.long:  mov ax, 0FFFFh          ; more than 65 seconds
.wait:  mov cx, ax
        inc cx
        jz .done
        call delay
.done:  pop dx
        pop cx
        pop bx
        pop ax
        clc
        retf 2

; Not zero if this is an 80386 or later: the 80286 holds bits 12 to 14 of its flags at zero in real mode.
is_386:
        push ax
        pushf
        pop ax
        push ax
        or ah, 70h
        push ax
        popf
        pushf
        pop ax
        popf
        test ah, 70h
        pop ax
        ret

; Descriptors in the caller's table at ES:SI, each of 8 bytes.
TABLE_ITSELF    equ 08h
SOURCE          equ 10h
TARGET          equ 18h
OUR_CODE        equ 20h
REAL_DATA       equ 28h

MOVE_EXCEPTION  equ 2

; CX: words, ES:SI: the table, in which the caller has described source and target. An 80286 comes back from protected mode
; by a reset only, and then from after_block_move.
block_move:
        smsw ax
        test al, 1              ; in a virtual machine its monitor moves blocks
        jnz near not_offered
        jcxz .done
        cmp cx, 8000h
        ja .bad
        mov ax, cx
        shl ax, 1
        dec ax                  ; the last byte's offset
        cmp [es:si + SOURCE], ax
        jb .bad
        cmp [es:si + TARGET], ax
        jae .move
.bad:   mov ah, MOVE_EXCEPTION
        stc
        retf 2
.done:  xor ax, ax
        retf 2
.move:  push bx
        push cx
        push dx
        push si
        push di
        push ds
        push es
        in al, SYSTEM_CONTROL
        and al, 0FEh
        push ax
        mov al, 1
        call set_a20
        cli
        cld
        mov ax, es
        mov dx, si
        lea bx, [si + TABLE_ITSELF]
        call describe
        mov ax, ss
        xor dx, dx
        lea bx, [si + REAL_DATA]
        call describe
        mov ax, cs
        lea bx, [si + OUR_CODE]
        call describe
        mov byte [es:si + OUR_CODE + 5], 9Bh
        lgdt [es:si + TABLE_ITSELF]
        call is_386
        jnz .enter              ; DL is 0
        inc dx
        mov ax, BDA
        mov ds, ax
        mov word [reset_flag], BLOCK_MOVED
        mov [rom_entry], sp
        mov [rom_entry + 2], ss
.enter: mov ax, 1
        lmsw ax
        jmp OUR_CODE:.protected
.protected:
        mov ax, SOURCE
        mov ds, ax
        mov ax, TARGET
        mov es, ax
        xor si, si
        xor di, di
        rep movsw
        or dl, dl
        jz .leave
        in al, SYSTEM_CONTROL
        or al, 1
        out SYSTEM_CONTROL, al
.stop:  hlt
        jmp .stop
.leave: mov ax, REAL_DATA       ; what real mode keeps of the segments
        mov ds, ax
        mov es, ax
        db 0Fh, 20h, 0C0h       ; mov eax, cr0
        and al, 0FEh
        db 0Fh, 22h, 0C0h       ; mov cr0, eax
        jmp 0F000h:block_moved

; The self-test begins here: was it a reset that a block move asked for?
after_block_move:
        mov ax, BDA
        mov ds, ax
        cmp word [reset_flag], BLOCK_MOVED
        je .resume
        jmp not_block_move
.resume:
        mov word [reset_flag], 0
        mov ss, [rom_entry + 2]
        mov sp, [rom_entry]
block_moved:
        pop ax
        out SYSTEM_CONTROL, al
        pop es
        pop ds
        pop di
        pop si
        pop dx
        pop cx
        pop bx
        xor ax, ax
        sti
        retf 2

; Describes 64 KB of data from AX:DX on at ES:BX.
describe:
        push cx
        mov cl, 4
        mov ch, ah
        shr ch, cl
        shl ax, cl
        add ax, dx
        adc ch, 0
        mov word [es:bx], 0FFFFh
        mov [es:bx + 2], ax
        mov [es:bx + 4], ch
        mov byte [es:bx + 5], 93h
        mov word [es:bx + 6], 0
        pop cx
        ret
