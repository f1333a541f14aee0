; INT 1Ah, the time of day.

; AH=0 reads the ticks since midnight into CX:DX, and in AL whether midnight has passed; AH=1 sets them.
int1a:
        sti
        push ds
        push ax
        mov ax, BDA
        mov ds, ax
        pop ax
        cli
        cmp ah, 1
%if BARE
        ja .no_clock
%else
        ja .end
%endif
        je .set
        mov al, [tick_overflow]
        mov byte [tick_overflow], 0
        mov cx, [tick_high]
        mov dx, [tick_low]
        jmp .end
.set:   mov [tick_low], dx
        mov [tick_high], cx
        mov byte [tick_overflow], 0
.end:   sti
        pop ds
        iret
%if BARE
.no_clock:
        sti
        pop ds
        stc
        retf 2
%endif
