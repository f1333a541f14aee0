; Snake: eat, grow, and run into nothing. A cell is two characters wide, so that it is about square.

FIELD_WIDTH     equ 38
FIELD_HEIGHT    equ 21
FIELD_COLUMN    equ 2           ; of the screen
FIELD_ROW       equ 2
CELLS           equ FIELD_WIDTH * FIELD_HEIGHT

EMPTY           equ 0
BODY            equ 1
FOOD            equ 2

play_snake:
        call start_chance
.again: call text_mode
        mov si, snake_lines
        call draw_lines
        call draw_fence
        call start_snake
        call put_food
.turn:  call show_score
        mov cx, [snake_wait]
        call wait_ticks
        jz .move
        call take_key
        cmp al, ESC
        je .end
        call steer
.move:  call move_snake
        jc .over
        jmp .turn
.over:  call crash
        mov si, snake_over
        call draw_lines
.key:   call wait_key
        cmp al, 13
        je .again
        cmp al, ESC
        jne .key
.end:   ret

; A snake of four cells in the middle that goes to the right.
start_snake:
        push es
        push ds
        pop es
        mov di, field
        mov cx, CELLS
        mov al, EMPTY
        rep stosb
        pop es
        mov word [snake_head], 0
        mov word [snake_tail], 0
        mov word [snake_wait], 3
        mov word [snake_score], 0
        mov word [snake_step], 1
        mov ax, FIELD_HEIGHT / 2 * FIELD_WIDTH + 10
        mov cx, 4
.next:  mov [snake_at], ax
        push ax
        push cx
        call grow_head
        pop cx
        pop ax
        inc ax
        loop .next
        ret

; The cell snake_at becomes the head.
grow_head:
        mov bx, [snake_at]
        mov byte [bx + field], BODY
        mov di, [snake_head]
        shl di, 1
        mov [di + body], bx
        mov ax, [snake_head]
        call next_place
        mov [snake_head], ax
        mov ax, 1Ah << 8 | 0DBh
        jmp draw_cell

; AX to the next place of the ring of cells.
next_place:
        inc ax
        cmp ax, CELLS
        jb .end
        xor ax, ax
.end:   ret

; Draws the cell BX as two AL in AH.
draw_cell:
        push ax
        mov ax, bx
        mov cl, FIELD_WIDTH
        div cl                  ; AL: row, AH: column
        mov dh, al
        mov dl, ah
        shl dl, 1
        add dx, FIELD_ROW << 8 | FIELD_COLUMN
        pop ax
        call draw_character
        inc dx
        jmp draw_character

; AH: the scan code of an arrow. The snake does not turn back.
steer:  mov si, arrows
        mov cx, 4
.next:  cmp ah, [si]
        je .found
        add si, 3
        loop .next
        ret
.found: mov ax, [si + 1]
        mov bx, ax
        add bx, [snake_step]
        jz .end
        mov [snake_step], ax
.end:   ret

arrows: db SCAN_UP
        dw -FIELD_WIDTH
        db SCAN_DOWN
        dw FIELD_WIDTH
        db SCAN_LEFT
        dw -1
        db SCAN_RIGHT
        dw 1

; One step. The carry if it was the last.
move_snake:
        mov ax, [snake_at]
        mov cl, FIELD_WIDTH
        push ax
        div cl
        mov bl, ah              ; the column before the step
        pop ax
        add ax, [snake_step]
        js .crash
        cmp ax, CELLS
        jae .crash
        mov si, ax
        div cl
        sub bl, ah              ; a step to the side changes it by one, no more
        jns .side
        neg bl
.side:  cmp bl, 1
        ja .crash
        cmp byte [si + field], BODY
        je .crash
        mov dl, [si + field]
        mov [snake_at], si
        push dx
        call grow_head
        pop dx
        cmp dl, FOOD
        je .eaten
        mov di, [snake_tail]    ; the tail moves on
        mov ax, di
        shl di, 1
        mov bx, [di + body]
        mov byte [bx + field], EMPTY
        call next_place
        mov [snake_tail], ax
        mov ax, PAPER << 8 | ' '
        call draw_cell
        call sound_off
        clc
        ret
.eaten: add word [snake_score], 10
        mov bx, TIMER / 88000
        call sound
        cmp word [snake_score], 100
        jb .food
        mov word [snake_wait], 2
        cmp word [snake_score], 300
        jb .food
        mov word [snake_wait], 1
.food:  call put_food
        clc
        ret
.crash: stc
        ret

; Puts food on an empty cell; the snake never fills the field in practice, so chance finds one.
put_food:
        mov cx, 1000
.try:   mov ax, CELLS
        call chance
        mov bx, ax
        cmp byte [bx + field], EMPTY
        je .put
        loop .try
        ret
.put:   mov byte [bx + field], FOOD
        mov ax, 1Ch << 8 | 04h
        jmp draw_cell

show_score:
        mov bx, [snake_score]
        cmp bx, [snake_best]
        jbe .draw
        mov [snake_best], bx
.draw:  mov dx, 0 << 8 | 22
        mov ah, BRIGHT
        call draw_number
        mov bx, [snake_best]
        mov dl, 60
        jmp draw_number

; A falling tone.
crash:  mov bx, 1500
.next:  call sound
        mov cx, 1
        push bx
        call wait_ticks
        pop bx
        add bx, 900
        cmp bx, 9000
        jb .next
        call sound_off
.drop:  call take_key           ; what was pressed in the heat
        jnz .drop
        ret

draw_fence:
        mov dl, FIELD_COLUMN - 1
.across:
        mov dh, FIELD_ROW - 1
        mov ax, PAPER << 8 | 0CDh
        call draw_character
        mov dh, FIELD_ROW + FIELD_HEIGHT
        call draw_character
        inc dl
        cmp dl, FIELD_COLUMN + 2 * FIELD_WIDTH + 1
        jb .across
        mov dh, FIELD_ROW - 1
.down:  mov dl, FIELD_COLUMN - 1
        mov ax, PAPER << 8 | 0BAh
        call draw_character
        mov dl, FIELD_COLUMN + 2 * FIELD_WIDTH
        call draw_character
        inc dh
        cmp dh, FIELD_ROW + FIELD_HEIGHT
        jb .down
        mov si, corners
        mov cx, 4
.corner:
        lodsw
        mov dx, ax
        lodsb
        mov ah, PAPER
        call draw_character
        loop .corner
        ret

TOP             equ (FIELD_ROW - 1) << 8
BOTTOM          equ (FIELD_ROW + FIELD_HEIGHT) << 8
LEFT            equ FIELD_COLUMN - 1
RIGHT           equ FIELD_COLUMN + 2 * FIELD_WIDTH
corners:
        dw TOP | LEFT
        db 0C9h
        dw TOP | RIGHT
        db 0BBh
        dw BOTTOM | LEFT
        db 0C8h
        dw BOTTOM | RIGHT
        db 0BCh

snake_lines:
        db 0, 2, GOLD, "SNAKE", 0
        db 0, 16, PAPER, "Score", 0
        db 0, 55, PAPER, "Best", 0
        db 24, 2, PAPER, "Arrows steer.  Esc: menu", 0
        db -1
snake_over:
        db 11, 24, SELECTED, "                               ", 0
        db 12, 24, SELECTED, "   Ouch!  Enter: once more.    ", 0
        db 13, 24, SELECTED, "                               ", 0
        db -1

snake_best:
        dw 0
snake_head      equ variables + 14
snake_tail      equ variables + 16
snake_at        equ variables + 18
snake_step      equ variables + 20
snake_wait      equ variables + 22
snake_score     equ variables + 24
field           equ variables + 26
body            equ variables + 26 + CELLS
