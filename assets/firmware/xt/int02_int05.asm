; INT 2, a parity error (NMI), and INT 5, the screen to the printer.

; Memory on the board or on a card lost its parity. Without that it is the coprocessor's, and somebody else's.
int02:
        push ax
        in al, PORT_C
        test al, 0C0h
        jz .end
        push si
        mov si, msg_parity_board
        test al, 80h
        jnz .print
        mov si, msg_parity_card
.print: push ax
        mov ax, 2
        int 10h                 ; the screen may be in any state
        pop ax
        call print
        cli
.stop:  hlt
        jmp .stop
.end:   pop ax
        iret

msg_parity_board:
        db "PARITY CHECK 1: the memory on the system board is faulty", 13, 10, 0
msg_parity_card:
        db "PARITY CHECK 2: the memory on a card is faulty", 13, 10, 0

; Prints the page that is shown. 50:00 is 1 meanwhile, then 0, or FFh if the printer failed.
int05:
        sti
        push ax
        push bx
        push cx
        push dx
        push ds
        mov ax, BDA
        mov ds, ax
        cmp byte [print_status], 1
        je .end
        mov byte [print_status], 1
        mov ah, 0Fh
        int 10h                 ; AH columns, BH page
        mov cl, ah
        mov ch, 25
        call print_newline
        push cx
        mov ah, 3
        int 10h
        pop cx
        push dx                 ; where the cursor was
        xor dx, dx
.next:  mov ah, 2
        int 10h
        mov ah, 8
        int 10h
        or al, al
        jnz .print
        mov al, ' '
.print: push dx
        xor dx, dx
        xor ah, ah
        int 17h
        pop dx
        test ah, 29h
        jnz .failed
        inc dx
        cmp dl, cl
        jb .next
        xor dl, dl
        push dx
        call print_newline
        pop dx
        inc dh
        cmp dh, ch
        jb .next
        xor al, al
        jmp .restore
.failed:
        mov al, 0FFh
.restore:
        mov [print_status], al
        pop dx
        mov ah, 2
        int 10h
.end:   pop ds
        pop dx
        pop cx
        pop bx
        pop ax
        iret

print_newline:
        xor dx, dx
        mov ax, 0Dh
        int 17h
        mov ax, 0Ah
        int 17h
        ret
