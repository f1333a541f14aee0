; INT 19h loads the first sector of the diskette, or else of the hard disk, to 0:7C00; INT 18h has no BASIC to start.

int19:
        sti
        xor ax, ax
        mov ds, ax
        mov word [1Eh * 4], disk_parameters
        mov [1Eh * 4 + 2], cs
        mov dl, 0
        call try_boot
        mov dl, 80h
        call try_boot
        int 18h

; Boots from drive DL, or returns.
try_boot:
        mov cx, 4
.again: push cx
        mov ah, 0
        int 13h
        jc .failed
        xor bx, bx
        mov es, bx
        mov bh, 7Ch
        mov cx, 1
        mov dh, 0
        mov ax, 201h
        int 13h
        jnc .loaded
.failed:
        pop cx
        cmp ah, 80h             ; the drive is empty: it will be so again
        je .end
        loop .again
.end:   ret
.loaded:
        pop cx
        test dl, 80h
        jz .any_code
        cmp word [es:7DFEh], 0AA55h
        jne .end
; A diskette needs no mark, but what is all the same is no code.
.any_code:
        mov di, 7C00h
        mov al, [es:di]
        mov cx, 16
        repe scasb
        je .end
        mov dh, 0
        jmp 0:7C00h

int18:
        sti
        mov si, msg_no_boot
        call print
        mov ah, 0
        int 16h
        mov si, msg_newline
        call print
        int 19h

msg_no_boot:
        db 13, 10, "No bootable disk. Insert a boot disk and press any key", 0
