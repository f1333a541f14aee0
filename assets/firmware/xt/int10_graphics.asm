; INT 10h in modes 4 and 5 (320 by 200, two bits for a dot) and 6 (640 by 200, one bit). Even lines lie at B800:0000,
; odd ones at B800:2000, 80 bytes each.

; As scroll: AH=6 or 7, AL lines, BL rows, BH filler, CX the corner to begin with, DL columns.
scroll_graphics:
        push ax
        mov al, ch
        mov ah, 0
        mov ch, 0
        push dx
        mov dx, 320             ; four lines of a row in each half
        mul dx
        pop dx
        mov di, ax
        mov dh, 0
        cmp byte [video_mode], 6
        je .bytes
        shl cx, 1               ; two bytes for a character's line
        shl dx, 1
.bytes: add di, cx
        mov cx, dx              ; CX: bytes
        pop ax
        mov dx, 80
        cmp ah, 6
        je .lines
        neg dx
        add di, 240             ; downwards it begins at a row's last line
.lines: sub bl, al
        mov ah, bl
        shl ah, 1
        shl ah, 1
        shl al, 1
        shl al, 1
        mov bl, 1
        jmp scroll_rows

; SI := the glyph of AL, DS := its segment.
glyph:
        xor ah, ah
        mov si, ax
        shl si, 1
        shl si, 1
        shl si, 1
        or al, al
        js .upper
        add si, font_lower
        push cs
        pop ds
        ret
.upper: xor ax, ax
        mov ds, ax
        sub si, 128 * 8
        push cx
        mov cx, [1Fh * 4]
        add si, cx
        mov ds, [1Fh * 4 + 2]
        pop cx
        ret

; DI := where the cursor of the active page stands.
graphics_offset:
        push ax
        push dx
        mov dx, [cursor_places]
        mov al, dh
        mov ah, 0
        mov dh, 0
        push dx
        mov dx, 320
        mul dx
        pop dx
        add ax, dx
        cmp byte [video_mode], 6
        je .end
        add ax, dx
.end:   mov di, ax
        pop dx
        pop ax
        ret

; AL: character, BL: colour, with bit 7 to be mixed with what is there; CX: how many.
graphics_write:
        jcxz .end
        call graphics_offset
        mov bh, [video_mode]
        push ds
        call glyph
.next:  push cx
        push si
        push di
        mov cx, 4
.lines: lodsb
        call .line
        add di, 2000h
        lodsb
        call .line
        sub di, 2000h - 80
        loop .lines
        pop di
        pop si
        pop cx
        inc di
        cmp bh, 6
        je .placed
        inc di
.placed:
        loop .next
        pop ds
.end:   ret

; AL: eight dots to ES:DI.
.line:  cmp bh, 6
        jne .colours
        test bl, 80h
        jz .set
        xor al, [es:di]
.set:   mov [es:di], al
        ret
.colours:
        call widen
        push cx
        mov cl, bl
        and cl, 3
        mov ch, 0               ; CX: the colour in all eight places
        xchg ax, cx
        push dx
        mov dx, 5555h
        mul dx
        pop dx
        and ax, cx
        pop cx
        xchg al, ah             ; the left byte first
        test bl, 80h
        jz .set_word
        xor ax, [es:di]
.set_word:
        mov [es:di], ax
        ret

; AX := the eight bits of AL, each twice.
widen:
        push bx
        push cx
        mov bl, al
        xor ax, ax
        mov cx, 8
.next:  shl ax, 1
        shl ax, 1
        shl bl, 1
        jnc .dark
        or al, 3
.dark:  loop .next
        pop cx
        pop bx
        ret

; AL := the character at the cursor, found by its dots, or 0.
graphics_read:
        call graphics_offset
        mov bh, [video_mode]
        push bp
        sub sp, 8
        mov bp, sp
        mov cx, 4
        xor si, si
.lines: call .line
        add di, 2000h
        call .line
        sub di, 2000h - 80
        loop .lines
        xor al, al
.next:  push ax
        push ds
        call glyph
        mov di, bp
        push es
        push ss
        pop es
        mov cx, 4
        repe cmpsw
        pop es
        pop ds
        pop ax
        je .found
        inc al
        jnz .next
.found: add sp, 8
        pop bp
        mov [bp + FRAME_AX], al
        ret

; One line from ES:DI to the eight bytes at BP; what is not dark is set.
.line:  mov al, [es:di]
        cmp bh, 6
        je .store
        push cx
        mov ax, [es:di]
        xchg al, ah
        mov cx, 8
.narrow:
        shl ax, 1
        rcl dx, 1
        shl ax, 1
        jc .dot
        test dl, 1
        jz .dark
.dot:   stc
        jmp .shift
.dark:  clc
.shift: rcl bl, 1
        loop .narrow
        mov al, bl
        pop cx
.store: mov [bp + si], al
        inc si
        ret

; BH=0: BL is the border's colour, or with a graphics mode the background's; BH=1: BL is the palette.
set_palette:
        mov al, [video_palette]
        or bh, bh
        jnz .palette
        and al, 0E0h
        and bl, 1Fh
        or al, bl
        jmp .set
.palette:
        and al, 0DFh
        shr bl, 1
        jnc .set
        or al, 20h
.set:   mov [video_palette], al
        mov dx, [crtc_port]
        add dl, 5
        out dx, al
        ret

; CX: column, DX: line. SI := the byte, CL := how far its dot lies from bit 0, AH := the mask of a dot there.
find_dot:
        mov al, dl
        mov ah, 80
        shr al, 1
        pushf
        mul ah
        popf
        mov si, ax
        jnc .even
        add si, 2000h
.even:  mov ax, cx
        not cl
        cmp byte [video_mode], 6
        je .fine
        shr ax, 1
        shr ax, 1
        add si, ax
        and cl, 3
        shl cl, 1
        mov ah, 3
        ret
.fine:  shr ax, 1
        shr ax, 1
        shr ax, 1
        add si, ax
        and cl, 7
        mov ah, 1
        ret

; AL: colour, bit 7 to be mixed with what is there; CX: column, DX: line.
write_dot:
        push ax
        call find_dot
        pop bx
        mov al, bl
        and al, ah
        shl ax, cl              ; AL: the colour, AH: the mask in their places
        test bl, 80h
        jnz .mix
        not ah
        and ah, [es:si]
        or al, ah
        mov [es:si], al
        ret
.mix:   xor [es:si], al
        ret

read_dot:
        call find_dot
        mov al, [es:si]
        shr al, cl
        and al, ah
        mov [bp + FRAME_AX], al
        ret
