; INT 0Eh, the diskette controller has finished.

int0e:
        push ds
        push ax
        mov ax, BDA
        mov ds, ax
        or byte [seek_status], 80h
        mov al, EOI
        out PIC_COMMAND, al
        pop ax
        pop ds
        iret
