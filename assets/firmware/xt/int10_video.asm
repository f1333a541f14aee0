; INT 10h, the display: modes, cursor, pages, text. What differs in graphics modes is in int10_graphics.asm.

; What the caller's registers became on the stack, from BP.
FRAME_AX        equ 0
FRAME_BP        equ 2
FRAME_DI        equ 4
FRAME_BX        equ 8
FRAME_CX        equ 10
FRAME_DX        equ 12
FRAME_ES        equ 16

ROWS            equ 25

int10:
        sti
        cld
        push es
        push ds
        push dx
        push cx
        push bx
        push si
        push di
        push bp
        push ax
        mov bp, sp
        cmp ah, 13h
        ja .end
        mov di, BDA
        mov ds, di
        call video_segment
        push ax
        mov al, ah
        cbw
        shl ax, 1
        mov di, ax
        pop ax
        call [cs:di + video_functions]
.end:   pop ax
        pop bp
        pop di
        pop si
        pop bx
        pop cx
        pop dx
        pop ds
        pop es
        iret

; Entered with the caller's registers but for DI, DS = 40h, ES = the display's memory, BP = the frame. All may change.
video_functions:
        dw set_mode, set_cursor_shape, set_cursor, get_cursor, light_pen, set_page, scroll, scroll
        dw read_character, write_character, write_plain, set_palette, write_dot, read_dot, teletype, get_mode
        dw nothing, nothing, nothing, write_string

nothing:
        ret

; ES := B000h with a monochrome display, else B800h.
video_segment:
        push ax
        mov al, [equipment]
        and al, 30h
        cmp al, 30h
        mov ax, 0B800h
        jne .set
        mov ah, 0B0h
.set:   mov es, ax
        pop ax
        ret

; Zero if the mode is one of graphics; AL changes.
is_graphics:
        mov al, [video_mode]
        sub al, 4
        cmp al, 3
        jae .text
        cmp al, al
        ret
.text:  or al, 0FFh
        ret

; AL: the mode. One that the display lacks changes nothing.
set_mode:
        mov bl, al
        and bl, 7Fh
        mov dx, 3D4h
        mov al, [equipment]
        and al, 30h
        cmp al, 30h
        jne .colour
        mov bl, 7               ; a monochrome display has no other
        mov dl, 0B4h
        jmp .known
.colour:
        cmp bl, 7
        jae nothing
.known: mov [video_mode], bl
        mov [crtc_port], dx
        mov bh, 0
        mov al, [cs:bx + video_mode_registers]
        mov [video_mode_reg], al
        and al, 37h             ; dark until all is set
        add dl, 4
        out dx, al
        mov al, [cs:bx + video_mode_columns]
        mov ah, 0
        mov [video_columns], ax
        call .program_crtc
        call .clear
        xor ax, ax
        mov [video_start], ax
        mov [active_page], al
        mov cx, 8
        push es
        push ds
        pop es
        mov di, cursor_places
        rep stosw
        pop es
        mov dx, [crtc_port]
        add dl, 4
        mov al, [video_mode_reg]
        out dx, al
        inc dx
        mov al, 30h
        cmp byte [video_mode], 6
        jne .palette
        mov al, 3Fh
.palette:
        out dx, al
        mov [video_palette], al
        ret

; Sends the 16 bytes of this mode from the table at INT 1Dh.
.program_crtc:
        push ds
        push bx
        xor ax, ax
        mov ds, ax
        lds si, [1Dh * 4]
        mov ah, 0
        mov al, [cs:bx + .tables]
        add si, ax              ; 16 bytes for each table
        mov dx, 3D4h
        cmp bl, 7
        jne .registers
        mov dl, 0B4h
.registers:
        mov cx, [si + 10]       ; the cursor's shape
        xchg cl, ch
        push cx
        xor ah, ah
        mov cx, 16
.next:  mov al, ah
        out dx, al
        inc dx
        lodsb
        out dx, al
        dec dx
        inc ah
        loop .next
        pop cx
        pop bx
        pop ds
        mov [cursor_shape], cx
        mov al, [cs:bx + .tables]
        mov cl, 3
        shr al, cl
        mov si, ax
        and si, 0FFh
        mov ax, [cs:si + video_page_sizes]
        mov [video_page_size], ax
        ret
.tables:
        db 0, 0, 16, 16, 32, 32, 32, 48

.clear: mov cx, 2000h
        xor ax, ax
        xor di, di
        cmp bl, 7
        jne .cga
        mov ch, 8
.cga:   call is_graphics
        mov ax, 0
        je .fill
        mov ax, 0720h
.fill:  rep stosw
        ret

; CX: first and last line.
set_cursor_shape:
        mov [cursor_shape], cx
        mov ah, 10

; CH to register AH of the CRTC, CL to the next.
write_crtc_word:
        mov dx, [crtc_port]
        mov al, ah
        out dx, al
        inc dx
        mov al, ch
        out dx, al
        dec dx
        mov al, ah
        inc ax
        out dx, al
        inc dx
        mov al, cl
        out dx, al
        ret

; BH: page, DX: row and column.
set_cursor:
        mov bl, bh
        and bx, 7
        mov si, bx
        shl si, 1
        mov [si + cursor_places], dx
        cmp bl, [active_page]
        jne near nothing

; Moves the visible cursor to DX of the active page.
show_cursor:
        mov ax, dx
        call text_offset
        add ax, [video_start]
        shr ax, 1
        mov cx, ax
        mov ah, 14
        jmp write_crtc_word

; AX: row and column; becomes the offset in its page.
text_offset:
        push bx
        mov bl, al
        mov bh, 0
        mov al, ah
        mul byte [video_columns]
        add ax, bx
        shl ax, 1
        pop bx
        ret

get_cursor:
        mov bl, bh
        and bx, 7
        shl bx, 1
        mov ax, [bx + cursor_places]
        mov [bp + FRAME_DX], ax
        mov ax, [cursor_shape]
        mov [bp + FRAME_CX], ax
        ret

; There is none: not triggered.
light_pen:
        mov byte [bp + FRAME_AX + 1], 0
        ret

; AL: the page to show.
set_page:
        and ax, 7
        mov [active_page], al
        mov si, ax
        push ax
        mul word [video_page_size]
        mov [video_start], ax
        mov cx, ax
        shr cx, 1
        mov ah, 12
        call write_crtc_word
        pop bx
        shl si, 1
        mov dx, [si + cursor_places]
        jmp show_cursor

get_mode:
        mov al, [video_mode]
        mov ah, [video_columns]
        mov [bp + FRAME_AX], ax
        mov al, [active_page]
        mov [bp + FRAME_BX + 1], al
        ret

; DI := the offset of the cursor of page BH, and SI := twice the page. AX and DX change.
cursor_offset:
        mov al, bh
        and ax, 7
        mov si, ax
        shl si, 1
        mul word [video_page_size]
        mov di, ax
        mov ax, [si + cursor_places]
        call text_offset
        add di, ax
        ret

; On a CGA with 80 columns: waits until an access makes no snow, and leaves interrupts off. Gives whether it waited
; in CL: the caller then executes sti. DX and AL change.
wait_no_snow:
        cmp byte [video_mode], 2
        jb .none
        cmp byte [video_mode], 3
        ja .none
        mov dx, 3DAh
.shown: in al, dx
        test al, 1
        jnz .shown
        cli
.dark:  in al, dx
        test al, 1
        jz .dark
.none:  ret

; BH: page. AL := the character under the cursor, AH := its attribute.
read_character:
        push ax
        call is_graphics
        pop ax
        jne .text
        jmp graphics_read
.text:  call cursor_offset
        call wait_no_snow
        mov ax, [es:di]
        sti
        mov [bp + FRAME_AX], ax
        ret

; AL: character, BL: attribute, BH: page, CX: how many.
write_character:
        mov ah, al
        call is_graphics
        jne .text
        mov al, ah
        jmp graphics_write
.text:  mov al, ah
        mov ah, bl
        push ax
        call cursor_offset
        pop bx
        jcxz .end
.next:  call wait_no_snow
        mov ax, bx
        stosw
        sti
        loop .next
.end:   ret

; The same without the attribute.
write_plain:
        mov ah, al
        call is_graphics
        jne .text
        mov al, ah
        jmp graphics_write
.text:  push ax
        call cursor_offset
        pop bx
        jcxz .end
.next:  call wait_no_snow
        mov al, bh
        stosb
        sti
        inc di
        loop .next
.end:   ret

; AL: a character to the active page as to a teletype; BL: its colour in graphics modes.
teletype:
        mov bl, [active_page]
        mov bh, 0
        shl bx, 1
        mov dx, [bx + cursor_places]
        mov bl, [bp + FRAME_BX]
        mov bh, [active_page]
        cmp al, 8
        je .back
        cmp al, 13
        je .return
        cmp al, 10
        je .feed
        cmp al, 7
        je .bell
        mov cx, 1
        mov ah, 0Ah
        int 10h
        inc dl
        cmp dl, [video_columns]
        jb .place
        mov dl, 0
.feed:  inc dh
        cmp dh, ROWS
        jb .place
        dec dh
        call .place
        call is_graphics
        mov bh, 0
        je .scroll
        mov ah, 8               ; the new line takes the attribute of this one
        mov bh, [active_page]
        int 10h
        mov bh, ah
.scroll:
        mov ax, 0601h
        xor cx, cx
        mov dh, ROWS - 1
        mov dl, [video_columns]
        dec dx
        int 10h
        ret
.back:  or dl, dl
        jz .place
        dec dx
        jmp .place
.return:
        mov dl, 0
.place: mov bh, [active_page]
        mov ah, 2
        int 10h
        ret
.bell:  mov cx, 160
        jmp beep

; AL bit 0: the cursor moves along; bit 1: attributes stand in the string. BL: attribute, BH: page, CX: length,
; DX: where it begins, ES:BP: the string.
write_string:
        cmp al, 3
        ja .none
        jcxz .none
        mov si, [bp + FRAME_BP]
        mov es, [bp + FRAME_ES]
        push bx
        mov bl, bh
        and bx, 7
        shl bx, 1
        mov di, [bx + cursor_places]
        pop bx
        push di                 ; where the cursor was
        push ax
        mov ah, 2
        int 10h
.next:  pop ax
        push ax
        mov ah, [es:si]
        inc si
        test al, 2
        jz .same
        cmp ah, 10
        je .same
        cmp ah, 13
        je .same
        cmp ah, 7
        je .same
        cmp ah, 8
        je .same
        mov bl, [es:si]
        inc si
.same:  mov al, ah
        call .character
        loop .next
        pop ax
        pop dx
        test al, 1
        jnz .none
        mov ah, 2
        int 10h
.none:  ret

; AL at the cursor DX of page BH, which moves on.
.character:
        cmp al, 13
        je .control
        cmp al, 10
        je .control
        cmp al, 8
        je .control
        cmp al, 7
        je .control
        push cx
        mov cx, 1
        mov ah, 9
        int 10h
        pop cx
        inc dl
        cmp dl, [video_columns]
        jb .place
        mov dl, 0
        inc dh
        cmp dh, ROWS
        jb .place
        push ax
        mov ax, 0E0Ah           ; the last line: a teletype scrolls
        int 10h
        pop ax
        mov dh, ROWS - 1
.place: mov ah, 2
        int 10h
        ret
.control:
        mov ah, 0Eh
        int 10h
        push cx
        mov ah, 3
        int 10h
        pop cx
        ret
