; INT 14h, serial ports (8250), and INT 17h, printer ports.

; AH=0 sets the port up, 1 sends AL, 2 receives into AL, 3 reads its state into AX. DX: which port.
int14:
        sti
        push bx
        push cx
        push dx
        push si
        push ds
        mov si, BDA
        mov ds, si
        and dx, 3
        mov si, dx
        mov bl, [si + com_timeouts]
        shl si, 1
        mov dx, [si + com_ports]
        or dx, dx
        jz .end
        or ah, ah
        jz .set_up
        dec ah
        jz .send
        dec ah
        jz .receive
        dec ah
        jz .state
.end:   pop ds
        pop si
        pop dx
        pop cx
        pop bx
        iret

; AL: baud rate in bits 5-7, then parity, stop bits and length as the line control register has them.
.set_up:
        push ax
        add dl, 3
        mov al, 80h
        out dx, al
        pop ax
        push ax
        mov cl, 4
        shr al, cl
        and ax, 0Eh
        mov si, ax
        mov ax, [cs:si + serial_divisors]
        sub dl, 3
        out dx, al
        inc dx
        mov al, ah
        out dx, al
        inc dx
        inc dx
        pop ax
        and al, 1Fh
        out dx, al
        dec dx
        dec dx
        xor al, al
        out dx, al              ; no interrupts
        dec dx
.state: add dl, 5
        in al, dx
        mov ah, al
        inc dx
        in al, dx
        jmp .end

.send:  push ax
        add dl, 4
        mov al, 3               ; DTR, RTS
        out dx, al
        inc dx
        inc dx
        mov bh, 30h             ; DSR, CTS
        call .wait
        jnz .send_late
        dec dx
        mov bh, 20h             ; the holding register is empty
        call .wait
        jnz .send_late
        sub dl, 5
        pop cx
        mov al, cl
        out dx, al
        jmp .end
.send_late:
        pop cx
        mov al, cl
        or ah, 80h
        jmp .end

.receive:
        add dl, 4
        mov al, 1               ; DTR
        out dx, al
        inc dx
        inc dx
        mov bh, 20h             ; DSR
        call .wait
        jnz .receive_late
        dec dx
        mov bh, 1               ; data is there
        call .wait
        jnz .receive_late
        and ah, 1Eh
        sub dl, 5
        in al, dx
        jmp .end
.receive_late:
        or ah, 80h
        jmp .end

; Waits until port DX has all bits of BH, about BL times half a second. Zero if it has; AH: what was read.
.wait:  push bx
.second:
        xor cx, cx
.poll:  in al, dx
        mov ah, al
        and al, bh
        cmp al, bh
        je .waited
        loop .poll
        dec bl
        jnz .second
        or bh, bh
.waited:
        pop bx
        ret

; AH=0 prints AL, 1 resets the printer, 2 reads its state. AH: the state, bit 0 if it took too long.
int17:
        sti
        push bx
        push cx
        push dx
        push si
        push ds
        mov si, BDA
        mov ds, si
        and dx, 3
        mov si, dx
        mov bl, [si + lpt_timeouts]
        shl si, 1
        mov dx, [si + lpt_ports]
        or dx, dx
        jz .end
        mov bh, al              ; AL comes back
        or ah, ah
        jz .print
        dec ah
        jz .reset
        dec ah
        jz .state
.end:   pop ds
        pop si
        pop dx
        pop cx
        pop bx
        iret
.print: out dx, al
        inc dx
.busy:  xor cx, cx
.poll:  in al, dx
        mov ah, al
        test al, 80h
        jnz .ready
        loop .poll
        dec bl
        jnz .busy
        or ah, 1
        and ah, 0F9h
        jmp .finish
.ready: inc dx
        mov al, 0Dh             ; strobe
        out dx, al
        dec ax
        out dx, al
        dec dx
        dec dx
.state: inc dx
        in al, dx
        mov ah, al
        and ah, 0F8h
.finish:
        xor ah, 48h             ; acknowledge and error are active low
        mov al, bh
        jmp .end
.reset: inc dx
        inc dx
        mov al, 8
        out dx, al
        mov cx, 2
        call delay
        mov al, 0Ch
        out dx, al
        dec dx
        dec dx
        jmp .state
