; INT 10h, scrolling windows: of text, and the moving of rows that graphics modes share.

; AH=6 up, 7 down. AL: lines, 0 for all; BH: attribute of new lines; CX and DX: corners.
scroll:
        cmp dl, [video_columns]
        jb .width
        mov dl, [video_columns]
        dec dx
.width: cmp dh, ROWS
        jb .height
        mov dh, ROWS - 1
.height:
        sub dl, cl
        jb .end
        inc dl                  ; DL: columns
        mov bl, dh
        sub bl, ch
        jb .end
        inc bl                  ; BL: rows
        or al, al
        jz .all
        cmp al, bl
        jbe .some
.all:   mov al, bl
.some:  cmp ah, 6
        je .start
        mov ch, dh              ; downwards it begins at the last row
.start: push ax
        call is_graphics
        pop ax
        je near scroll_graphics
        push ax
        mov ax, cx
        call text_offset
        add ax, [video_start]
        mov di, ax
        pop ax
        mov ch, 0
        mov cl, [video_columns]
        shl cx, 1
        cmp ah, 6
        je .stride
        neg cx
.stride:
        sub bl, al
        mov ah, bl              ; AH: rows to move, AL: rows to blank
        xchg cx, dx             ; DX: from row to row
        mov ch, 0               ; CX: columns
        mov bl, 0
        call darken
        jmp scroll_rows
.end:   ret

; A CGA with 80 columns shows snow while memory is moved: dark, from the next retrace on.
darken:
        cmp byte [video_mode], 2
        jb .end
        cmp byte [video_mode], 3
        ja .end
        push ax
        push dx
        mov dx, 3DAh
.wait:  in al, dx
        test al, 8
        jz .wait
        mov dl, 0D8h
        mov al, 25h
        out dx, al
        pop dx
        pop ax
.end:   ret

; Moves AH rows and blanks AL. DI: the first, DX: from row to row, CX: words, or bytes in graphics (BL not 0).
scroll_rows:
        push ax
        push dx
        mov ah, 0
        imul dx                 ; how far away the row lies that comes here
        mov si, di
        add si, ax
        pop dx
        pop ax
        push ds
        push es
        pop ds
        or ah, ah
        jz .blank
.move:  call .copy_row
        add si, dx
        add di, dx
        dec ah
        jnz .move
.blank: or al, al
        jz .end
        call .fill_row
        add di, dx
        dec al
        jmp .blank
.end:   pop ds
        cmp byte [video_mode], 2
        jb .shown
        cmp byte [video_mode], 3
        ja .shown
        mov dx, 3D8h
        mov al, [video_mode_reg]
        out dx, al
.shown: ret

.copy_row:
        push cx
        push si
        push di
        or bl, bl
        jnz .copy_dots
        rep movsw
        jmp .copied
.copy_dots:
        push cx
        push si
        push di
        rep movsb
        pop di
        pop si
        pop cx
        add si, 2000h
        add di, 2000h
        rep movsb
.copied:
        pop di
        pop si
        pop cx
        ret

.fill_row:
        push ax
        push cx
        push di
        or bl, bl
        jnz .fill_dots
        mov ah, bh
        mov al, ' '
        rep stosw
        jmp .filled
.fill_dots:
        mov al, bh
        push cx
        push di
        rep stosb
        pop di
        pop cx
        add di, 2000h
        rep stosb
.filled:
        pop di
        pop cx
        pop ax
        ret
