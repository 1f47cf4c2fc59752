/** Role-based access control: the names that the rest of the product uses. */
export { rbacAuthorizer, type RuleResolver, ruleResolver, type UserRules } from './authorizer.ts';
export { missingRoleText, type RbacReader, rulesOf } from './bindings.ts';
export { escalationProblem, goList, ruleText, uncovered } from './covers.ts';
export { ruleAllows } from './match.ts';
