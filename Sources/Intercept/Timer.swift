/// Something to do later. Made by ``EventLoop/after(milliseconds:_:)``.
public final class Timer: @unchecked Sendable {
    var deadline: Monotonic
    let body: @Sendable () -> Void
    /// Place in the heap, -1 when it waits no longer.
    var index = -1

    init(deadline: Monotonic, body: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.body = body
    }
}

/// Timers by deadline: a binary heap whose members know their place, so that one can be taken out of the middle.
struct TimerHeap {
    private var heap: [Timer] = []

    var next: Monotonic? { heap.first?.deadline }

    mutating func insert(_ timer: Timer) {
        timer.index = heap.count
        heap.append(timer)
        rise(timer.index)
    }

    mutating func remove(_ timer: Timer) {
        let index = timer.index
        guard index >= 0 else { return }
        timer.index = -1
        let last = heap.removeLast()
        guard index < heap.count else { return }
        heap[index] = last
        last.index = index
        rise(index)
        sink(last.index)
    }

    /// Takes out all timers that are due, earliest first. They are run by the caller: they may set new ones.
    mutating func takeDue(at now: Monotonic) -> [Timer] {
        var due: [Timer] = []
        while let first = heap.first, !(now < first.deadline) {
            remove(first)
            due.append(first)
        }
        return due
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].deadline < heap[parent].deadline else { return }
            swap(index, parent)
            index = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].deadline < heap[least].deadline { least = child }
            }
            if least == index { return }
            swap(index, least)
            index = least
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        heap[left].index = left
        heap[right].index = right
    }
}
