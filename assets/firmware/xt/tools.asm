; What several services need: printing, delays, tones.

; Prints the text at CS:SI, which ends with 0. AX and SI change.
print:
        push bx
        push bp
        mov bx, 7
.next:  cs lodsb
        or al, al
        jz .end
        mov ah, 0Eh
        int 10h
        jmp .next
.end:   pop bp
        pop bx
        ret

; Prints AX as a decimal number, at least three places wide.
print_number:
        push ax
        push bx
        push cx
        push dx
        mov bx, 10
        xor cx, cx
.divide:
        xor dx, dx
        div bx
        push dx
        inc cx
        or ax, ax
        jnz .divide
        mov bx, 7
        mov ax, 0E20h
        cmp cx, 3
        jae .print
        int 10h
.print: pop ax
        add al, '0'
        mov ah, 0Eh
        int 10h
        loop .print
        pop dx
        pop cx
        pop bx
        pop ax
        ret

; Prints AX as four hexadecimal digits.
print_hex:
        push bx
        push cx
        push dx
        mov dx, ax
        mov bx, 7
        mov ch, 4
.next:  mov cl, 4
        rol dx, cl
        mov al, dl
        and al, 0Fh
        add al, 90h             ; 0-9, A-F by decimal adjustment
        daa
        adc al, 40h
        daa
        mov ah, 0Eh
        int 10h
        dec ch
        jnz .next
        pop dx
        pop cx
        pop bx
        ret

; Waits CX milliseconds. Counter 0 runs in mode 3 and counts down by two, 2386 in a millisecond.
delay:
        push ax
        push bx
        push dx
%if BARE
        cmp cx, 2 * 55          ; a long time is slept away, from tick to tick, if ticks come
        jb .next
        pushf
        pop ax
        test ah, 2
        jz .next
        in al, PIC_MASK
        test al, 1
        jnz .next
        xchg ax, cx
        xor dx, dx
        mov bx, 55
        div bx
        inc ax
        mov cx, ax
        push ds
        mov ax, BDA
        mov ds, ax
.tick:  mov ax, [tick_low]
.sleep: hlt
        cmp ax, [tick_low]
        je .sleep
        loop .tick
        pop ds
        jmp .end
%endif
.next:  mov dx, 2386
        call read_counter
        mov bx, ax
.wait:  call read_counter
        xchg ax, bx
        sub ax, bx
        sub dx, ax
        ja .wait
        loop .next
.end:   pop dx
        pop bx
        pop ax
        ret

; Counter 0 in AX.
read_counter:
        pushf
        cli
        xor al, al
        out PIT_CONTROL, al
        in al, PIT_COUNTER_0
        mov ah, al
        in al, PIT_COUNTER_0
        xchg al, ah
        popf
        ret

; A tone of 896 Hz for CX milliseconds.
beep:
        push ax
        mov al, 0B6h
        out PIT_CONTROL, al
        mov ax, 533h
        out PIT_COUNTER_2, al
        mov al, ah
        out PIT_COUNTER_2, al
        in al, PORT_B
        push ax
        or al, 3
        out PORT_B, al
        call delay
        pop ax
        out PORT_B, al
        pop ax
        ret

; A hardware interrupt for which nobody is there: if it is a real one, its line is masked.
unexpected_irq:
        push ax
        mov al, 0Bh             ; what is in service?
        out PIC_COMMAND, al
        in al, PIC_COMMAND
        or al, al
        jz .end
        mov ah, al
        in al, PIC_MASK
        or al, ah
        out PIC_MASK, al
        mov al, EOI
        out PIC_COMMAND, al
.end:   pop ax
        iret

%if BARE
; The same on the second controller. A request that went away is the first one's to end all the same.
unexpected_irq2:
        push ax
        mov al, 0Bh
        out PIC2_COMMAND, al
        in al, PIC2_COMMAND
        or al, al
        jz .end
        mov ah, al
        in al, PIC2_MASK
        or al, ah
        out PIC2_MASK, al
        mov al, EOI
        out PIC2_COMMAND, al
.end:   mov al, EOI
        out PIC_COMMAND, al
        pop ax
        iret

; IRQ13 is the coprocessor's error, for which programs have a handler at INT 2.
coprocessor_irq:
        push ax
        xor al, al
        out COPROCESSOR, al
        mov al, EOI
        out PIC2_COMMAND, al
        out PIC_COMMAND, al
        pop ax
        int 2
        iret

; IRQ9 is what cards for the XT call IRQ2.
redirected_irq:
        push ax
        mov al, EOI
        out PIC2_COMMAND, al
        pop ax
        int 0Ah
        iret
%endif
