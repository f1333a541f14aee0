; The boot sector of "First Light": loads the program from the sectors behind it and starts it.
; Given by the builder: PROGRAM_SECTORS.

        bits 16
        org 7C00h

LOAD_SEGMENT    equ 1000h
SECTORS         equ 9
HEADS           equ 2

        jmp short start
        nop
        db "FIRSTLGT"
        dw 512                  ; bytes in a sector
        db 2                    ; sectors in a cluster
        dw PROGRAM_SECTORS + 1  ; this sector and the program are reserved
        db 2                    ; FATs
        dw 112                  ; entries of the root directory
        dw 720                  ; sectors
        db 0FDh                 ; a 360K disk
        dw 2                    ; sectors of a FAT
        dw SECTORS, HEADS
        dd 0                    ; hidden sectors

start:  cli
        xor ax, ax
        mov ss, ax
        mov sp, 7C00h
        sti
        mov ds, ax
        cld
        mov [drive], dl
        mov ax, LOAD_SEGMENT
        mov es, ax
        mov word [sector], 1
.next:  mov ax, [sector]
        xor dx, dx
        mov bx, SECTORS
        div bx                  ; AX: track, DX: sector
        mov cl, dl
        inc cx
        mov dl, 0
        shr ax, 1               ; HEADS = 2: the low bit is the head
        mov ch, al
        mov al, 0
        adc al, 0
        mov dh, al
        mov dl, [drive]
        mov di, 5               ; a motor may need time
.try:   xor bx, bx
        mov ax, 0201h
        int 13h
        jnc .read
        xor ax, ax
        int 13h
        dec di
        jnz .try
        mov si, failed
        jmp stop
.read:  mov ax, es
        add ax, 20h
        mov es, ax
        inc word [sector]
        cmp word [sector], PROGRAM_SECTORS
        jbe .next
        jmp LOAD_SEGMENT:0

stop:   lodsb
        or al, al
        jz .halt
        mov ah, 0Eh
        mov bx, 7
        int 10h
        jmp stop
.halt:  hlt
        jmp .halt

failed: db "The disk cannot be read.", 0

        at 7DFEh, 0
        dw 0AA55h

drive   equ 7E00h
sector  equ 7E02h
