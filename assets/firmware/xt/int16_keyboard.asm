; INT 16h, the keyboard: AH=0 waits for a key, 1 looks for one, 2 gives the shift keys; 10h to 12h do the same for
; programs that know larger keyboards; 5 stores a key.

int16:
        sti
        push bx
        push ds
        mov bx, BDA
        mov ds, bx
        cmp ah, 5
        je .store
        and ah, 0EFh
        jz .wait
        dec ah
        jz .look
        dec ah
        jnz .end
        mov al, [kb_flags]
.end:   pop ds
        pop bx
        iret

.wait:  cli
        mov bx, [kb_head]
        cmp bx, [kb_tail]
        jne .take
        sti
        hlt                     ; until any interrupt
        jmp .wait
.take:  mov ax, [bx]
        call next_in_buffer
        mov [kb_head], bx
        jmp .end

; Zero if there is none.
.look:  cli
        mov bx, [kb_head]
        cmp bx, [kb_tail]
        mov ax, [bx]
        sti
        pop ds
        pop bx
        retf 2

; CX: the key. AL := 1 if the buffer is full.
.store: push si
        cli
        mov bx, [kb_tail]
        mov si, bx
        call next_in_buffer
        mov al, 1
        cmp bx, [kb_head]
        je .stored
        mov [si], cx
        mov [kb_tail], bx
        mov al, 0
.stored:
        sti
        pop si
        jmp .end
