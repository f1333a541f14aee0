; A ROM of 2 KB that says so at the debug console and halts.

        bits 16
        org 0F800h

start:  cld
        mov ax, 0F000h
        mov ds, ax
        mov si, text
.next:  lodsb
        or al, al
        jz .end
        out 0E9h, al
        jmp .next
.end:   hlt

text:   db "my own ROM", 10, 0

        at 0FFF0h
        jmp 0F000h:start
        at 0FFFFh
        db 0
