internal import Intercept

/// What happens to every exchange between the client and the backend, in this order. THE LIST TO EDIT: an interceptor is
/// a value with the hooks of ``Interceptor``; write one, add a line. `nil` stands for one that has nothing to do.
enum Interceptors {
    static func all(_ settings: Settings) -> [any Interceptor] {
        let list: [(any Interceptor)?] = [
            ModelMap(settings.models),
            ToolGuard(settings.denied),
        ]
        return list.compactMap { $0 }
    }
}
