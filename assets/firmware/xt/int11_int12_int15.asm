; INT 11h and 12h, what is installed, and INT 15h, which the XT does without.

int11:
        sti
        push ds
        mov ax, BDA
        mov ds, ax
        mov ax, [equipment]
        pop ds
        iret

int12:
        sti
        push ds
        mov ax, BDA
        mov ds, ax
        mov ax, [memory_kb]
        pop ds
        iret

%if !BARE
; The XT has no cassette and none of the AT's services.
int15:
        sti
        mov ah, 86h
        stc
        retf 2
%endif
