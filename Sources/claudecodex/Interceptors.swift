internal import Intercept

/// What happens to every exchange between the client and the backend, in this order. THE LIST TO EDIT: an interceptor is
/// a value with the hooks of ``Interceptor``; write one, add a line. `nil` stands for one that has nothing to do.
enum Interceptors {
    /// - Parameters:
    ///   - backend: Who will answer.
    ///   - loop: Where whatever takes time is done.
    static func all(_ settings: Settings, _ backend: any Backend, _ loop: EventLoop) -> [any Interceptor] {
        let list: [(any Interceptor)?] = [
            WebSearch(
                settings.webSearch, isServiceAble: type(of: backend).speaksMessages, settings.limits, loop),
            ModelMap(settings.models),
            ToolGuard(settings.denied),
        ]
        return list.compactMap { $0 }
    }
}
