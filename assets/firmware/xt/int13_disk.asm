; INT 13h for diskettes; a hard disk's ROM puts itself before it and comes here by INT 40h.
;
; The kind of disk is found out by trying. A drive's byte at media_state: bits 6-7 the data rate as port 3F7 takes it
; (0: 500, 1: 300, 2: 250 kbit/s), bit 5: two steps for a track, bit 4: all this is known.

STATE_KNOWN     equ 10h
STATE_TWO_STEPS equ 20h

; Offsets in the diskette parameters.
PARAM_SPECIFY   equ 0
PARAM_MOTOR_OFF equ 2
PARAM_SIZE      equ 3
PARAM_LAST      equ 4
PARAM_GAP       equ 5
PARAM_LENGTH    equ 6
PARAM_FORMAT_GAP equ 7
PARAM_FILLER    equ 8
PARAM_SETTLE    equ 9
PARAM_MOTOR_ON  equ 10

; What a function gives in AH and the carry.
BAD_COMMAND     equ 01h
NO_ADDRESS_MARK equ 02h
WRITE_PROTECTED equ 03h
NOT_FOUND       equ 04h
DISK_CHANGED    equ 06h
DMA_OVERRUN     equ 08h
DMA_BOUNDARY    equ 09h
BAD_MEDIA_TYPE  equ 0Ch
BAD_CRC         equ 10h
BAD_CONTROLLER  equ 20h
BAD_SEEK        equ 40h
TIME_OUT        equ 80h

int13:
        sti
        cld
        cmp dl, 80h
        jae .no_hard_disk
        push es                 ; the frame of int10_video.asm
        push ds
        push dx
        push cx
        push bx
        push si
        push di
        push bp
        push ax
        mov bp, sp
        mov di, BDA
        mov ds, di
        mov al, ah
        cmp al, 18h
        jbe .known
        mov al, 6               ; bad, as this one
.known: cbw
        shl ax, 1
        mov di, ax
        call [cs:di + disk_functions]
        mov [bp + FRAME_AX + 1], ah
        pop ax
        pop bp
        pop di
        pop si
        pop bx
        pop cx
        pop dx
        pop ds
        pop es
        retf 2
.no_hard_disk:
        mov ah, BAD_COMMAND
        stc
        retf 2

; Entered with CX, DX, ES and BX as the caller had them, DS = 40h, BP = the frame. They give AH and the carry.
disk_functions:
        dw disk_reset, disk_last_status, disk_read, disk_write, disk_verify, disk_format, disk_bad, disk_bad
        dw disk_parameters_of, disk_bad, disk_bad, disk_bad, disk_bad, disk_bad, disk_bad, disk_bad
        dw disk_bad, disk_bad, disk_bad, disk_bad, disk_bad, disk_type, disk_change, disk_set_type, disk_set_media

disk_bad:
        mov ah, BAD_COMMAND

; AH: how it went.
disk_done:
        mov [disk_status], ah
        cmp ah, 1
        cmc
        ret

disk_reset:
        call fdc_reset
        jmp disk_done

disk_last_status:
        mov ah, [disk_status]
        mov [bp + FRAME_AX], ah
        jmp disk_done

; The upper byte of DI is the DMA mode, the lower one the controller's command.
disk_read:
        mov di, 46E6h
        jmp disk_transfer
disk_write:
        mov di, 4AC5h
        jmp disk_transfer
disk_verify:
        mov di, 42E6h
disk_transfer:
        mov al, [bp + FRAME_AX]
        mov byte [bp + FRAME_AX], 0     ; no sector yet
        push ax
        call begin_drive
        pop cx                          ; CL: sectors
        jc .end
        push cx
        mov al, cl
        call transfer_length
        mov ah, DMA_BOUNDARY
        jc .failed
        call set_dma
        jc .failed
        mov ch, [bp + FRAME_CX + 1]
        call seek
        jc .failed
        mov ax, di
        call fdc_head_command
        mov al, [bp + FRAME_CX + 1]
        call fdc_send
        mov al, [bp + FRAME_DX + 1]
        call fdc_send
        mov al, [bp + FRAME_CX]
        and al, 3Fh
        call fdc_send
        mov si, PARAM_SIZE
        mov cx, 4
.params:
        call parameter
        call fdc_send
        inc si
        loop .params
        call fdc_finish
        pop bx
        call sectors_done
        jmp .end
.failed:
        pop bx
.end:   call end_drive
        jmp disk_done

; AL: sectors. CX := their bytes less one; carry if that is more than 64 KB.
transfer_length:
        push dx
        mov ah, 0
        mov cx, ax
        mov si, PARAM_SIZE
        call parameter
        and al, 3
        mov dx, 128
        xchg ax, cx
        push cx
        mul dx
        pop cx
        jcxz .sized
.double:
        shl ax, 1
        rcl dx, 1
        loop .double
.sized: sub ax, 1
        sbb dx, 0
        mov cx, ax
        cmp dx, 1
        cmc
        pop dx
        ret

; BL: sectors wanted, AH: how it went. Puts the number of sectors moved into the frame.
sectors_done:
        or ah, ah
        jz .end
        mov al, [fdc_results + 5]
        mov dl, [fdc_results + 3]
        cmp dl, [bp + FRAME_CX + 1]
        jne .past
        mov dl, [fdc_results + 4]
        cmp dl, [bp + FRAME_DX + 1]
        je .same
.past:  push ax
        mov si, PARAM_LAST
        call parameter
        inc ax
        pop dx
        mov ah, dh
.same:  mov dl, [bp + FRAME_CX]
        and dl, 3Fh
        sub al, dl
        jb .none
        cmp al, bl
        jae .none
        mov bl, al
        jmp .end
.none:  mov bl, 0
.end:   mov [bp + FRAME_AX], bl
        ret

; ES:BX: cylinder, head, sector, size for each sector of the track.
disk_format:
        mov byte [bp + FRAME_AX], 0
        call begin_format
        jc .end
        mov si, PARAM_LAST
        call parameter
        mov ah, 0
        shl ax, 1
        shl ax, 1
        dec ax
        mov cx, ax
        mov di, 4A4Dh
        call set_dma
        jc .end
        mov ch, [bp + FRAME_CX + 1]
        call seek
        jc .end
        mov ax, di
        call fdc_head_command
        mov si, PARAM_SIZE
        call parameter
        call fdc_send
        mov si, PARAM_LAST
        call parameter
        call fdc_send
        mov si, PARAM_FORMAT_GAP
        call parameter
        call fdc_send
        inc si
        call parameter
        call fdc_send
        call fdc_finish
.end:   call end_drive
        jmp disk_done

; What the drive can hold at the most: CX as INT 13h takes it, DH heads, DL drives, ES:DI parameters, BL type.
disk_parameters_of:
        xor ax, ax
        mov [bp + FRAME_AX], al
        call type_of_drive
        mov ah, 0
        mov [bp + FRAME_BX], ax
        mov di, ax
        shl di, 1
        mov cx, [cs:di + drive_limits]
        mov [bp + FRAME_CX], cx
        mov di, [cs:di + drive_tables]
        mov [bp + FRAME_DI], di
        mov dx, DRIVES
        or al, al
        jz .none
        mov dh, 1
        mov ax, cs
.none:  mov [bp + FRAME_DX], dx
        mov [bp + FRAME_ES], ax
        xor ah, ah
        ret

; AH := 0 no drive, 1 one that does not see a change of disk, 2 one that does.
disk_type:
        call type_of_drive
        mov ah, al
        cmp al, 2
        jb .end
        mov ah, 2
.end:   clc
        ret

; AH := 6 if the disk may have been changed.
disk_change:
        call type_of_drive
        mov ah, TIME_OUT
        or al, al
        jz .end
        mov ah, DISK_CHANGED
        cmp al, DRIVE_360K
        je .end
        call select_drive
        call changed_line
        mov ah, DISK_CHANGED
        jnz .end
        mov ah, 0
.end:   call end_drive
        jmp disk_done

; AL: 1 a 360K disk, 2 a 360K disk in a 1.2M drive, 3 a 1.2M disk, 4 a 720K disk.
disk_set_type:
        mov bl, [bp + FRAME_AX]
        dec bl
        cmp bl, 4
        jb .set
        jmp disk_bad
.set:   mov bh, 0
        mov al, [cs:bx + .states]
        jmp set_state
.states:
        db 80h | STATE_KNOWN, 40h | STATE_TWO_STEPS | STATE_KNOWN, STATE_KNOWN, 80h | STATE_KNOWN

; CH: the last track, CL: sectors of a track, for formatting. ES:DI := parameters.
disk_set_media:
        call type_of_drive
        mov bl, al
        and cl, 3Fh
        mov al, STATE_KNOWN
        mov di, parameters_15
        cmp cl, 15
        je .high
        mov di, parameters_18
        cmp cl, 18
        je .high
        mov di, parameters_9
        cmp cl, 9
        ja .bad
        mov al, 80h | STATE_KNOWN
        cmp bl, DRIVE_1200K
        jne .found
        mov al, 40h | STATE_KNOWN
        cmp ch, 40
        jae .found
        or al, STATE_TWO_STEPS
        jmp .found
.high:  test bl, 1
        jnz .bad                ; 360K and 720K drives
.found: or bl, bl
        jz .bad
        mov [bp + FRAME_DI], di
        mov [bp + FRAME_ES], cs
        jmp set_state
.bad:   mov ah, BAD_MEDIA_TYPE
        jmp disk_done

; AL: what is in drive DL from now on.
set_state:
        cmp dl, 2
        jae disk_bad_drive
        mov bl, dl
        mov bh, 0
        mov [bx + media_state], al
        mov ah, 0
        jmp disk_done
disk_bad_drive:
        mov ah, TIME_OUT
        jmp disk_done

; AL := the type of drive DL, 0 if there is none.
type_of_drive:
        push bx
        xor ax, ax
        cmp dl, 2
        jae .end
        mov bl, dl
        mov bh, 0
        mov al, [cs:bx + .types]
.end:   pop bx
        ret
.types: db FLOPPY_A, FLOPPY_B

; By type: last track and sectors, parameters, and the rates to try.
drive_limits:
        dw 0, 39 << 8 | 9, 79 << 8 | 15, 79 << 8 | 9, 79 << 8 | 18
drive_tables:
        dw 0, parameters_9, parameters_15, parameters_9, parameters_18
drive_rates:
        db -1, -1, 2, -1, 0, 1, 2, -1, 0, 2

parameters_9:
        db 0CFh, 2, 25h, 2, 9, 2Ah, 0FFh, 50h, 0F6h, 15, 8
parameters_15:
        db 0CFh, 2, 25h, 2, 15, 1Bh, 0FFh, 54h, 0F6h, 15, 8
parameters_18:
        db 0CFh, 2, 25h, 2, 18, 1Bh, 0FFh, 6Ch, 0F6h, 15, 8
