; A boot sector that sends back what the first serial port receives, at 38,400 baud, by polling. It writes "ready" on
; the screen when it listens.

        bits 16
        org 7C00h

PORT    equ 3F8h

        cli
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 7C00h
        sti
        cld
        mov si, ready
.next:  lodsb
        or al, al
        jz set_up
        mov ah, 0Eh
        mov bx, 7
        int 10h
        jmp .next

set_up: mov dx, PORT + 3
        mov al, 80h
        out dx, al
        mov dx, PORT
        mov al, 3               ; 38,400 baud
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, PORT + 3
        mov al, 3               ; eight bits
        out dx, al
        inc dx
        out dx, al              ; DTR, RTS

echo:   mov dx, PORT + 5
.wait:  in al, dx
        test al, 1
        jz .wait
        mov dx, PORT
        in al, dx
        mov ah, al
        mov dx, PORT + 5
.free:  in al, dx
        test al, 20h
        jz .free
        mov dx, PORT
        mov al, ah
        out dx, al
        jmp echo

ready:  db "ready", 13, 10, 0

        at 7DFEh, 0
        dw 0AA55h
