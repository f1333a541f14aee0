; The diskette controller (uPD765 with the AT adapter's registers) as INT 13h drives it.

FDC_RECALIBRATE equ 07h
FDC_SENSE       equ 08h
FDC_SEEK        equ 0Fh
FDC_SPECIFY     equ 03h
FDC_READ_ID     equ 4Ah

; AL := byte SI of the diskette parameters.
parameter:
        push es
        push di
        xor di, di
        mov es, di
        les di, [es:1Eh * 4]
        push si
        add di, si
        mov al, [es:di]
        pop si
        pop di
        pop es
        ret

; Selects drive DL, its motor on. Zero if it was on already.
select_drive:
        push ax
        push cx
        push dx
        cli
        mov byte [motor_count], 0FFh
        mov cl, dl
        mov ah, 1
        shl ah, cl
        mov al, [motor_status]
        or [motor_status], ah
        not al
        and al, ah
        push ax
        mov al, [motor_status]
        and al, 3
        mov cl, 4
        shl al, cl
        or al, dl
        or al, 0Ch
        mov dx, FDC_DOR
        out dx, al
        sti
        pop ax
        or al, al
        pop dx
        pop cx
        pop ax
        ret

; Not zero if the selected drive's disk was changed since its head last moved. AL changes.
changed_line:
        push dx
        mov dx, FDC_RATE
        in al, dx
        test al, 80h
        pop dx
        ret

; The motor turns, the disk is there, and what it is is known: or AH and the carry. BX, ES, DI and DX stay.
begin_drive:
        call start_drive
        jc .end
        push bx
        mov bl, dl
        mov bh, 0
        test byte [bx + media_state], STATE_KNOWN
        jnz .known
        call detect_media
        jc .pop
.known: mov al, [bx + media_state]
        call set_rate
        clc
.pop:   pop bx
.end:   ret

; As begin_drive for a disk that may have no format yet: then the drive's highest rate.
begin_format:
        call start_drive
        jc .end
        push bx
        mov bl, dl
        mov bh, 0
        test byte [bx + media_state], STATE_KNOWN
        jnz .known
        call type_of_drive
        shl al, 1
        mov bl, al
        mov al, [cs:bx + drive_rates]
        ror al, 1
        ror al, 1
        or al, STATE_KNOWN
        mov bl, dl
        mov [bx + media_state], al
.known: mov al, [bx + media_state]
        call set_rate
        clc
        pop bx
.end:   ret

; Starts the motor, waits until it runs, and looks whether the disk was changed.
start_drive:
        call type_of_drive
        mov ah, TIME_OUT
        cmp al, 1
        jb .end
        push ax
        call select_drive
        jz .turning
        push si
        mov si, PARAM_MOTOR_ON
        call parameter
        pop si
        push dx
        mov ah, 125             ; eighths of a second
        mul ah
        mov cx, ax
        pop dx
        inc cx
        call delay
.turning:
        pop ax
        cmp al, DRIVE_360K
        je .same                ; such drives cannot tell
        call changed_line
        jnz .changed
.same:  clc
.end:   ret

; Moving the head clears the line if there is a disk.
.changed:
        push bx
        mov bl, dl
        mov bh, 0
        mov al, 0
        xchg al, [bx + media_state]
        pop bx
        push ax
        call forget_track
        call recalibrate
        mov al, 1
        call seek_cylinder
        mov al, 0
        call seek_cylinder
        call changed_line
        pop ax
        mov ah, TIME_OUT
        stc
        jnz .end
        test al, STATE_KNOWN
        mov ah, DISK_CHANGED
        stc
        jnz .end
        jmp .same

; The motors go off after a while.
end_drive:
        push ax
        push si
        mov si, PARAM_MOTOR_OFF
        call parameter
        mov [motor_count], al
        pop si
        pop ax
        ret

; AL: a drive's media_state.
set_rate:
        push dx
        rol al, 1
        rol al, 1
        and al, 3
        mov dx, FDC_RATE
        out dx, al
        pop dx
        ret

; Tries the rates of drive DL on cylinder 0, BX = DX's drive. AH and the carry if none fits.
detect_media:
        push si
        call recalibrate
        jc .end
        call type_of_drive
        mov ah, 0
        mov si, ax
        shl si, 1
        add si, drive_rates
        mov cx, 2
.next:  cs lodsb
        cmp al, -1
        je .no_rate
        ror al, 1
        ror al, 1
        push ax
        call set_rate
        call read_id
        pop dx
        xchg ax, dx             ; AL: the rate, DH: how it went
        jnc .found
        mov ah, dh
        mov dl, bl
        cmp ah, TIME_OUT
        je .no_rate
        loop .next
.no_rate:
        stc
        jmp .end
.found: mov dl, bl
        or al, STATE_KNOWN
        mov [bx + media_state], al
        and al, 0C0h
        cmp al, 40h             ; 300 kbit/s: are the tracks wide?
        clc
        jne .end
        mov al, 2
        call seek_cylinder
        jc .end
        call read_id
        jc .unknown
        cmp byte [fdc_results + 3], 1
        clc
        jne .end
        or byte [bx + media_state], STATE_TWO_STEPS
        jmp .end
.unknown:
        and byte [bx + media_state], ~STATE_KNOWN & 0FFh
        stc
.end:   pop si
        ret

; Reads any address mark under head 0 of drive DL.
read_id:
        mov al, FDC_READ_ID
        call fdc_send
        mov al, dl
        call fdc_send

; Waits for a command's end and reads its results. AH and the carry say how it went.
fdc_finish:
        call fdc_wait
        jc .end
        call fdc_read_results
        jc .end
        mov al, [fdc_results]
        and al, 0C0h
        jz .good
        mov ah, TIME_OUT
        cmp al, 0C0h
        je .bad                 ; not ready
        mov ah, BAD_CONTROLLER
        cmp al, 80h
        je .bad
        mov al, [fdc_results + 1]
        push si
        mov si, .errors
.next:  mov ah, [cs:si]
        inc si
        shl al, 1
        jc .found
        cmp si, .errors_end
        jb .next
        mov ah, BAD_CONTROLLER
.found: pop si
        or ah, ah
        jnz .bad
        mov ah, BAD_CONTROLLER
.bad:   cmp ah, NO_ADDRESS_MARK
        jne .not_marks
        push bx                 ; perhaps it is another kind of disk now
        mov bl, [bp + FRAME_DX]
        and bx, 1
        and byte [bx + media_state], ~STATE_KNOWN & 0FFh
        pop bx
.not_marks:
        stc
.end:   ret
.good:  mov ah, 0
        clc
        ret
; By the bits of ST1, the uppermost first.
.errors:
        db NOT_FOUND, 0, BAD_CRC, DMA_OVERRUN, 0, NOT_FOUND, WRITE_PROTECTED, NO_ADDRESS_MARK
.errors_end:

; CH: the track for drive DL. AH and the carry.
seek:
        push bx
        mov bl, dl
        mov bh, 0
        test byte [bx + media_state], STATE_TWO_STEPS
        jz .physical
        shl ch, 1
.physical:
        mov cl, dl
        mov al, 1
        shl al, cl
        test [seek_status], al
        jnz .placed
        call recalibrate
        jc .end
.placed:
        mov al, ch
        cmp al, [bx + disk_track]
        clc
        je .end
        call seek_cylinder
.end:   pop bx
        ret

; AL: the cylinder that the head of drive DL goes to. AH and the carry.
seek_cylinder:
        push bx
        push cx
        mov ch, al
        mov al, FDC_SEEK
        call fdc_send
        mov al, dl
        call fdc_send
        mov al, ch
        call fdc_send
        call fdc_sense
        jc .end
        mov bl, dl
        mov bh, 0
        mov [bx + disk_track], ch
        push si
        mov si, PARAM_SETTLE
        call parameter
        pop si
        mov ah, 0
        mov cx, ax
        inc cx
        call delay
        clc
.end:   pop cx
        pop bx
        ret

; Moves the head of drive DL to track 0; twice, since one time is not enough for 80 tracks. AH and the carry.
recalibrate:
        push bx
        push cx
        mov cx, 2
.again: mov al, FDC_RECALIBRATE
        call fdc_send
        mov al, dl
        call fdc_send
        push cx
        call fdc_sense
        pop cx
        jnc .there
        loop .again
        stc
        jmp .end
.there: mov bl, dl
        mov bh, 0
        mov byte [bx + disk_track], 0
        mov cl, dl
        mov al, 1
        shl al, cl
        or [seek_status], al
        mov cx, 15
        call delay
        clc
.end:   pop cx
        pop bx
        ret

; Where the head of drive DL is is not known any more.
forget_track:
        push cx
        mov cl, dl
        mov al, 0FEh
        rol al, cl
        and [seek_status], al
        pop cx
        ret

; Waits for the end of a seek and asks how it went.
fdc_sense:
        call fdc_wait
        jc .end
        mov al, FDC_SENSE
        call fdc_send
        call fdc_read_results
        jc .end
        mov al, [fdc_results]
        and al, 0E0h
        cmp al, 20h
        clc
        je .end
        call forget_track
        mov ah, BAD_SEEK
        stc
.end:   ret

; Sends the command AL and the byte that says which head and drive.
fdc_head_command:
        call fdc_send
        mov al, [bp + FRAME_DX + 1]
        and al, 1
        shl al, 1
        shl al, 1
        or al, [bp + FRAME_DX]

; Sends AL to the controller. One that does not take it will not interrupt either.
fdc_send:
        push ax
        push cx
        push dx
        and byte [seek_status], 7Fh
        mov dx, FDC_STATUS
        mov ah, al
        xor cx, cx
.wait:  in al, dx
        and al, 0C0h
        cmp al, 80h
        je .ready
        loop .wait
        jmp .end
.ready: inc dx
        mov al, ah
        out dx, al
.end:   pop dx
        pop cx
        pop ax
        ret

; Waits two seconds for INT 0Eh. If it does not come, the controller starts afresh: AH = 80h and the carry. A program
; may have made counter 0 faster, which makes the two seconds shorter: so then a number of polls must pass, too.
fdc_wait:
        push bx
        push cx
        push dx
        push si
%if BARE
        mov cx, 64              ; ticks: three and a half seconds
.wait:  cli
        test byte [seek_status], 80h
        jnz .came
        mov bx, [tick_low]
        sti                     ; lets nothing come before the processor sleeps
        hlt
        cmp bx, [tick_low]
        je .wait
        loop .wait
%else
        sti
        mov cx, 73              ; times 65536 of 2386366 in a second
        xor dx, dx
        mov si, 8000
        call read_counter
        mov bx, ax
.wait:  test byte [seek_status], 80h
        jnz .came
        call read_counter
        xchg ax, bx
        sub ax, bx
        sub dx, ax
        sbb cx, 0
        jnc .wait
        xor cx, cx
        xor dx, dx
        dec si
        jnz .wait
%endif
        call fdc_reset
        mov ah, TIME_OUT
        stc
        jmp .end
.came:  sti
        and byte [seek_status], 7Fh
        clc
.end:   pop si
        pop dx
        pop cx
        pop bx
        ret

; Reads up to seven results. AH and the carry.
fdc_read_results:
        push bx
        push cx
        push dx
        mov bx, fdc_results
.next:  mov dx, FDC_STATUS
        xor cx, cx
.wait:  in al, dx
        test al, 80h
        jnz .ready
        loop .wait
        jmp .bad
.ready: test al, 40h
        jz .bad
        inc dx
        in al, dx
        mov [bx], al
        inc bx
        mov cx, 10              ; the status needs 12 us
.pause:
%if BARE
        in al, PORT_B
%endif
        loop .pause
        dec dx
        in al, dx
        test al, 10h
        clc
        jz .end
        cmp bx, fdc_results + 7
        jb .next
.bad:   mov ah, BAD_CONTROLLER
        stc
.end:   pop dx
        pop cx
        pop bx
        ret

; Resets the controller and tells it the drives' times. AH.
fdc_reset:
        push cx
        push dx
        cli
        and byte [seek_status], 0
        mov al, [motor_status]
        and al, 3
        mov cl, 4
        shl al, cl
        or al, 8
        mov dx, FDC_DOR
        out dx, al
        mov cx, 1
        call delay
        or al, 4
        out dx, al
        sti
        xor cx, cx
.wait:  test byte [seek_status], 80h
        jnz .came
%if BARE
        in al, PORT_B           ; a microsecond, whatever the processor
%endif
        loop .wait
        mov ah, BAD_CONTROLLER
        jmp .end
.came:  mov cx, 4               ; each drive reports a change of ready
.sense: mov al, FDC_SENSE
        call fdc_send
        call fdc_read_results
        loop .sense
        mov al, FDC_SPECIFY
        call fdc_send
        push si
        mov si, PARAM_SPECIFY
        call parameter
        call fdc_send
        inc si
        call parameter
        call fdc_send
        pop si
        mov ah, 0
.end:   pop dx
        pop cx
        ret

; Channel 2 for ES:BX, CX bytes less one, the mode in DI's upper byte. AH and the carry if 64 KB are crossed.
set_dma:
        push cx
        push dx
        mov dx, cx
        mov ax, es
        mov cl, 4
        rol ax, cl
        mov ch, al
        and al, 0F0h
        and ch, 0Fh
        add ax, bx
        adc ch, 0
        push ax
        add ax, dx
        pop ax
        jnc .fits
        cmp di, 42E6h           ; verifying moves nothing
        je .fits
        mov ah, DMA_BOUNDARY
        stc
        jmp .end
.fits:  cli
        out 0Ch, al             ; low byte first
        out 04h, al
        mov al, ah
        out 04h, al
        mov al, ch
        out 81h, al
        mov al, dl
        out 05h, al
        mov al, dh
        out 05h, al
        mov ax, di
        mov al, ah
        out 0Bh, al
        sti
        mov al, 2
        out 0Ah, al
        clc
.end:   pop dx
        pop cx
        ret
