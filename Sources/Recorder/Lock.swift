/// A mutex with two conditions: one the writer waits on, one those who wait for the writer.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The pthread objects live at fixed addresses for as long as this does.
final class Lock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let writer = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let waiters = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(waiters, nil)
        #if os(Linux)
            // A wall clock that is set back must not make a short wait a long one.
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            pthread_cond_init(writer, &attributes)
            pthread_condattr_destroy(&attributes)
        #else
            pthread_cond_init(writer, nil)
        #endif
    }

    deinit {
        pthread_cond_destroy(writer)
        pthread_cond_destroy(waiters)
        pthread_mutex_destroy(mutex)
        writer.deallocate()
        waiters.deallocate()
        mutex.deallocate()
    }

    func acquire() { pthread_mutex_lock(mutex) }
    func release() { pthread_mutex_unlock(mutex) }

    func signalWriter() { pthread_cond_signal(writer) }
    func signalWaiters() { pthread_cond_broadcast(waiters) }
    func waitAsWriter() { pthread_cond_wait(writer, mutex) }
    func waitAsCaller() { pthread_cond_wait(waiters, mutex) }

    /// At most this long; may be woken earlier.
    func waitAsWriter(milliseconds: Int) {
        #if os(Linux)
            var until = timespec()
            clock_gettime(CLOCK_MONOTONIC, &until)
            until.tv_nsec += milliseconds * 1_000_000
            until.tv_sec += until.tv_nsec / 1_000_000_000
            until.tv_nsec %= 1_000_000_000
            pthread_cond_timedwait(writer, mutex, &until)
        #else
            var interval = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
            pthread_cond_timedwait_relative_np(writer, mutex, &interval)
        #endif
    }
}
