; A boot sector that shows what is typed.

        bits 16
        org 7C00h

        xor ax, ax
        mov ds, ax
        cld
        mov si, ready
.next:  lodsb
        or al, al
        jz keys
        call put
        jmp .next
keys:   xor ah, ah
        int 16h
        call put
        cmp al, 13
        jne keys
        mov al, 10
        call put
        jmp keys

put:    mov ah, 0Eh
        mov bx, 7
        int 10h
        ret

ready:  db "type:", 0

        at 7DFEh, 0
        dw 0AA55h
