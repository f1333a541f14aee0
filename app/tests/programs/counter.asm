; A boot sector that counts on its disk how often it was booted: it adds one to the first byte of the second sector, and
; tells what became of that: "boots: " and a letter (A for the first), or "error: " and the letter of AH's high half.
; Before, it tells the type of its drive: "drive: " and a digit.

        bits 16
        org 7C00h

BUFFER  equ 8000h

        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 7C00h
        cld
        mov [disk], dl
        mov ah, 8
        int 13h
        mov al, bl
        add al, '0'
        mov [digit], al
        xor ax, ax
        mov es, ax
        mov si, drive
        call print

        mov bp, 3               ; a motor may need time
again:  mov ax, 0201h
        call sector
        jnc loaded
        dec bp
        jnz again
        jmp failed
loaded: inc byte [BUFFER]
        mov ax, 0301h
        call sector
        jc failed
        mov al, [BUFFER]
        add al, 'A' - 1
        mov [letter], al
        mov si, boots
        jmp last
failed: mov al, ah
        mov cl, 4
        shr al, cl
        add al, 'A'
        mov [fault], al
        mov si, error
last:   call print
stop:   hlt
        jmp stop

; The second sector, read or written as AX says.
sector: mov bx, BUFFER
        mov cx, 2
        mov dh, 0
        mov dl, [disk]
        int 13h
        ret

print:  lodsb
        or al, al
        jz .end
        mov ah, 0Eh
        mov bx, 7
        int 10h
        jmp print
.end:   ret

drive:  db "drive: "
digit:  db "0", 13, 10, 0
boots:  db "boots: "
letter: db "A", 13, 10, 0
error:  db "error: "
fault:  db "A", 13, 10, 0
disk:   db 0

        at 7DFEh, 0
        dw 0AA55h
