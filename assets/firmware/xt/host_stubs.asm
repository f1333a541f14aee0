; Services that the host performs. The write to HOST_CALL ends the processor's run; the host knows by the address of
; the instruction behind it what is wanted, and goes on either there or, to wait for an interrupt and to be asked
; again, at the STI behind the IRET.

int10:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int10
int11:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int11
int12:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int12
int13:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int13
%if !BARE
int15:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int15
%endif
int16:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int16
int1a:  out HOST_CALL, al
        iret
        sti
        hlt
        jmp int1a
